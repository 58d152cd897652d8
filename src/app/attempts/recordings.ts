/** Looks at the directories of `--record` and `--replay` before anything starts. */
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { agentSteps } from '../../model/parts.ts';
import { ok, type Result } from '../../model/result.ts';
import type { Workflow } from '../../model/workflow.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { RunFlags } from '../runs/record.ts';

/** Refuses a recording that cannot be read, and a place where none can be made: the first agent would find out, after it was paid. */
export function checkRecordings(
  { record, replay }: RunFlags,
  workflow: Workflow,
): Result<undefined, Refusal> {
  // Commands run themselves: without an agent there is nothing to record or to answer.
  if (agentSteps(workflow).length === 0) return ok(undefined);
  if (replay !== undefined) {
    const stat = statSync(replay, { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) {
      return refuse(
        `--replay ${replay}: ${stat === undefined ? 'there is no such directory' : 'it is not a directory'}`,
        'make one with `codemachine run … --record <directory>`',
      );
    }
  }
  const trouble = record === undefined ? undefined : whyNotWritten(record);
  return trouble === undefined
    ? ok(undefined)
    : refuse(
        `--record ${record}: ${trouble}`,
        'name a directory that can be written to, or one that can be made',
      );
}

/** Why nothing can be kept in `directory`, which need not be there yet; undefined where it can. */
function whyNotWritten(directory: string): string | undefined {
  for (let at = directory; ; at = path.dirname(at)) {
    const kind = kindOf(at);
    if (kind === 'none' && path.dirname(at) !== at) continue;
    if (kind !== 'directory') return `${at} is not a directory`;
    try {
      accessSync(at, constants.W_OK | constants.X_OK);
      return undefined;
    } catch {
      return `${at} may not be written to`;
    }
  }
}

function kindOf(place: string): 'none' | 'directory' | 'other' {
  try {
    const stat = statSync(place, { throwIfNoEntry: false });
    return stat === undefined ? 'none' : stat.isDirectory() ? 'directory' : 'other';
  } catch (error) {
    // Something above is a file, which the look at that place says.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return 'none';
    return 'other';
  }
}
