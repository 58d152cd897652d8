/** Says what a run is started with, and reads that again at resume instead of today's files. */

import path from 'node:path';
import type { Config } from '../../model/config.ts';
import { makeRunId } from '../../model/ids.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import { err, ok } from '../../model/result.ts';
import type { Workflow } from '../../model/workflow.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import { type Checked, checkText } from '../check.ts';
import { lies } from '../files.ts';
import type { Place } from '../place.ts';
import { configAtRest } from '../travel/carried-record.ts';

/** What flags say about a run; kept, so that a resumed run obeys them too. */
export interface RunFlags {
  readonly maxParallel?: number;
  readonly failFast?: boolean;
  /** Whether no result of an earlier execution is taken. */
  readonly noCache?: boolean;
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  /** Absolute paths. */
  readonly record?: string;
  readonly replay?: string;
}

/** What makes a record. */
export interface NewRun {
  readonly place: Place;
  readonly file: string;
  readonly workflow: Workflow;
  readonly config: Config;
  readonly inputs: JsonObject;
  readonly flags: RunFlags;
  readonly git: RunRecord['git'] | undefined;
}

/** Stores a new run under an id of its own. */
export function createRun(state: State, run: NewRun, now: number): RunRecord {
  const { place, workflow } = run;
  const inside = lies(place.root, run.file);
  const fields = {
    name: workflow.name,
    path: inside ? path.relative(place.root, run.file) : run.file,
    sha256: workflow.sha256,
    files: recordedFiles(workflow),
    config: configAtRest(run.config),
    inputs: run.inputs,
    options: run.flags as unknown as JsonObject,
    ...(run.git === undefined ? {} : { git: run.git }),
    workspace: place.root,
    extras: { source: workflow.source.path },
  };
  return storeRun(state, fields, now);
}

/** Stores a run under an id that nobody has. */
export function storeRun(state: State, fields: Omit<RunRecord, 'id' | 'createdAt'>, now: number): RunRecord {
  for (;;) {
    const record = { ...fields, id: makeRunId(now, Math.random), createdAt: new Date(now).toISOString() };
    if (state.createRun(record)) return record;
  }
}

/** Everything that a workflow is read from. */
export function recordedFiles(workflow: Workflow): Readonly<Record<string, string>> {
  return { ...workflow.files, [workflow.source.path]: workflow.source.text };
}

/** The flags as recorded. */
export function flagsOf(record: RunRecord): RunFlags {
  return record.options as unknown as RunFlags;
}

/** The configuration as recorded. */
export function configOf(record: RunRecord): Config {
  return record.config as unknown as Config;
}

/** Reads and plans the workflow as it was when the run started. */
export function checkRecord(place: Place, record: RunRecord, config = configOf(record)): Checked {
  const shownPath = String((record.extras?.['source'] as Json | undefined) ?? record.path);
  const text = record.files[shownPath] ?? '';
  const readFile = (written: string) => {
    const file = record.files[written];
    return file === undefined ? err('was not recorded with the run') : ok(file);
  };
  // A run that began goes on: what is gone from the tree by now is the matter of the step that wants it.
  return checkText(place, { path: shownPath, text }, config, readFile, () => true);
}
