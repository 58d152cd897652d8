/** Writes a run to a file, with all that another machine needs to go on with it. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import type { RunId } from '../../model/ids.ts';
import type { RunStatus } from '../../model/progress.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { count, quoted, size } from '../../report/words.ts';
import { writeBundle } from '../../state/bundle-file.ts';
import { about, OBJECTS } from '../../state/bundle-manifest.ts';
import { explain } from '../../state/problem.ts';
import { isOver } from '../../state/retention.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import type { Packed } from '../../workspace/travel.ts';
import { openRun } from '../open.ts';
import { locate, shown, stateAt } from '../place.ts';
import { harmless, orTrouble, printRefusal } from '../print.ts';
import { answer } from '../programs.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { owned, provenWhole } from '../runs/recorded-run.ts';
import { resolved } from '../trees/own-files.ts';
import { type RunTree, withRunTree } from '../trees/owner.ts';
import { timeline } from '../trees/timeline.ts';
import { VERSION } from '../version.ts';
import { bundleKey } from './bundle-key.ts';
import { withoutKeys } from './carried-record.ts';

/** What `codemachine export` is asked for. */
export interface ExportFlags {
  readonly run: string;
  /** Where the file goes. */
  readonly output: string;
  readonly json: boolean;
  readonly stateDir?: string | undefined;
}

/** What was written. */
interface Exported {
  readonly run: RunId;
  readonly status: RunStatus;
  readonly bytes: number;
  readonly encrypted: boolean;
  readonly commit: string | undefined;
  /** Refs that stay here. */
  readonly left: readonly string[];
}

/** `codemachine export` */
export function exportCommand(flags: ExportFlags): Promise<ExitCode> {
  return orTrouble(async () => {
    const done = await exportRun(flags);
    if (!done.ok) return printRefusal(done.error);
    const place = locate(stateAt(flags.stateDir), process.env);
    const file = path.resolve(flags.output);
    const { run, status, bytes, encrypted, commit, left } = done.value;
    if (flags.json) {
      const said = { run, status, file, bytes, encrypted, ...(commit === undefined ? {} : { commit }), left };
      answer(said);
      return EXIT.succeeded;
    }
    const name = shown(place, file);
    const lines = [
      `run ${run} (${status}) is in ${name}: ${size(bytes)}, ${encrypted ? 'encrypted' : 'not encrypted'}`,
      ...(left.length === 0
        ? []
        : [`${count(left.length, 'commit')} of branches that it does not build on stayed here`]),
      `in ${commit === undefined ? 'its directory' : `a clean checkout of ${commit.slice(0, 12)}`} elsewhere: codemachine import ${quoted(path.basename(file))}`,
    ];
    process.stdout.write(harmless(`${lines.join('\n')}\n`, process.stdout, process.env));
    return EXIT.succeeded;
  });
}

async function exportRun(flags: ExportFlags): Promise<Result<Exported, Refusal>> {
  const secret = bundleKey(process.env);
  if (!secret.ok) return secret;
  const target = path.resolve(flags.output);
  const fit = fitTarget(target, flags.output);
  if (!fit.ok) return fit;
  const found = await openRun(locate(stateAt(flags.stateDir), process.env), flags.run);
  if (!found.ok) return found;
  const { state, run } = found.value;
  let record: RunRecord | undefined;
  try {
    record = state.runRecord(run);
    if (record === undefined) return refuse(`run ${run} has no record of what it was started with`);
    if (record.git === undefined) return await withoutTree(state, record, { target, secret: secret.value });
  } finally {
    state.close();
  }
  const leftOut = { paths: [resolved(target)] };
  return withRunTree({ run, stateDir: flags.stateDir, leftOut }, (tree) =>
    tree.own('export', async () => {
      const fine = worth(tree.state, run);
      if (!fine.ok) return fine;
      return inScratch((directory) => withTree(tree, { target, secret: secret.value, directory }));
    }),
  );
}

/** A file is replaced by the new one; nothing else is. */
function fitTarget(target: string, written: string): Result<undefined, Refusal> {
  if (!isDirectory(path.dirname(target)))
    return refuse(`--output ${written}: there is no directory ${path.dirname(target)}`, 'make it first');
  if (isDirectory(target)) return refuse(`--output ${written}: it is a directory`, 'name a file');
  return ok(undefined);
}

function isDirectory(place: string): boolean {
  try {
    return statSync(place).isDirectory();
  } catch {
    return false;
  }
}

/** Whether there is something that can be gone on with. */
function worth(state: State, run: RunId): Result<undefined, Refusal> {
  if (state.travel.end(run).seq === 0)
    return refuse(
      `run ${run} has not begun, so there is nothing to take along`,
      'run the workflow where it is to run',
    );
  return provenWhole(state, run);
}

interface Job {
  readonly target: string;
  readonly secret: string | undefined;
}

/** Outside of a repository nothing was recorded, so its files stay here. */
async function withoutTree(state: State, record: RunRecord, job: Job): Promise<Result<Exported, Refusal>> {
  const lease = state.acquire(record.id, { by: 'export', visit: true });
  if (!lease.ok) return refuse(...owned(record, lease.error));
  try {
    const fine = worth(state, record.id);
    if (!fine.ok) return fine;
    return await inScratch((directory) => write(state, record, { ...job, directory }));
  } finally {
    lease.value.release();
  }
}

async function inScratch<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'codemachine-export-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function withTree(
  tree: RunTree,
  job: Job & { readonly directory: string },
): Promise<Result<Exported, Refusal>> {
  const { run, record, workspace } = tree;
  const last = await lastTree(tree);
  if (!last.ok) return last;
  const base = record.git?.sha === '' ? undefined : record.git?.sha;
  const packed = await workspace.travel.pack({ run, base, directory: job.directory });
  if (!packed.ok) return err(packed.error);
  return write(tree.state, record, { ...job, tree: last.value, packed: packed.value });
}

/** As the run left it: of one that can go on, as it is now; of one that ended, as it was then, since it may be long ago. */
async function lastTree({ run, history, workspace, progress }: RunTree): Promise<Result<string, Refusal>> {
  const recordings = await workspace.recordings(run);
  if (!recordings.ok) return err(recordings.error);
  const line = timeline(run, history, recordings.value);
  const recorded = line.ok ? line.value.lastRecorded : undefined;
  if (recorded !== undefined && isOver({ status: progress.status })) return ok(recorded);
  const now = await workspace.travel.record(run, recorded);
  return now.ok ? now : err(now.error);
}

async function write(
  state: State,
  record: RunRecord,
  job: Job & { readonly directory: string; readonly tree?: string; readonly packed?: Packed },
): Promise<Result<Exported, Refusal>> {
  const { id: run, git } = record;
  const commit = git === undefined || git.sha === '' ? undefined : git.sha;
  const members = state.travel.pack(run, job.directory, withoutKeys);
  const manifest = about(VERSION, {
    run,
    workflow: record.name,
    end: state.travel.end(run),
    ...(commit === undefined ? {} : { commit }),
    ...(job.tree === undefined
      ? {}
      : { tree: job.tree, objects: job.tree.length === 40 ? 'sha1' : 'sha256' }),
  });
  const objects = job.packed === undefined ? [] : [{ name: OBJECTS, file: job.packed.file }];
  try {
    const bytes = await writeBundle({
      ...{ target: job.target, secret: job.secret, about: manifest },
      members: [...members, ...objects],
    });
    const recorded = state.listRuns().find(({ id }) => id === run)?.status ?? 'running';
    // It is this command that owns it now.
    const status = recorded === 'running' ? 'interrupted' : recorded;
    const encrypted = job.secret !== undefined;
    return ok({ run, status, bytes, encrypted, commit, left: job.packed?.left ?? [] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return refuse(explain(error, job.target).message);
  }
}
