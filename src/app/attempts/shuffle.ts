/** Keeps what the order of candidates was shuffled from beside a recording, so that a replayed verdict is about the same letters. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Milestone } from '../../model/event.ts';
import type { StepKey } from '../../model/ids.ts';
import { allSteps } from '../../model/workflow.ts';
import type { RunPorts } from '../../run/running.ts';
import { stepDirectory } from '../../state/transcripts.ts';
import type { Execution } from '../runs/execution.ts';
import { flagsOf } from '../runs/record.ts';

const FILE = 'order.json';

/** Every attempt of a step has the same. */
function placeOf(dir: string, step: StepKey): string {
  return path.join(dir, stepDirectory(step, 1));
}

/** Hears a run, and keeps the seed of each blind judge: `order.json` in the directory of its step. */
export function recordingOrders(e: Execution): ((milestone: Milestone) => void) | undefined {
  const { record } = flagsOf(e.record);
  if (record === undefined || !allSteps(e.workflow).some(({ kind }) => kind === 'reduce')) return undefined;
  return (milestone) => {
    if (milestone.type !== 'candidates-shown' || !milestone.blind) return;
    const place = placeOf(record, milestone.step);
    try {
      mkdirSync(place, { recursive: true });
      writeFileSync(path.join(place, FILE), `${JSON.stringify({ seed: e.record.id })}\n`);
    } catch (error) {
      e.tell(`the order of ${milestone.step} could not be recorded: ${(error as Error).message}`);
    }
  };
}

/** The recorded seeds, where agents are replayed. */
export function replayedOrders(e: Execution): Pick<RunPorts, 'shuffleSeed'> {
  const { replay } = flagsOf(e.record);
  if (replay === undefined) return {};
  return {
    shuffleSeed: (reduce) => {
      const file = path.join(placeOf(replay, reduce), FILE);
      if (!existsSync(file)) return e.record.id;
      const { seed } = JSON.parse(readFileSync(file, 'utf8')) as { readonly seed?: unknown };
      return typeof seed === 'string' ? seed : e.record.id;
    },
  };
}
