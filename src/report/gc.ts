/** Says what was cleared up. */
import type { RunId } from '../model/ids.ts';
import type { JsonObject } from '../model/result.ts';
import { oneLine } from './clean.ts';
import { table } from './table.ts';
import { age, count, size } from './words.ts';

/** A run that went, or would go. Sizes in bytes; times ISO 8601 in UTC. */
export interface GoneRun {
  readonly run: RunId;
  readonly workflow: string;
  readonly status: string;
  readonly changedAt: string;
  readonly bytes: number;
}

/** What is left of a run that the state directory does not know. */
export interface Stray {
  readonly run: RunId;
  /** Roots of its worktrees, absolute. */
  readonly worktrees: readonly string[];
}

/** Everything that was cleared up, or would be. */
export interface Clearing {
  readonly dryRun: boolean;
  readonly runs: readonly GoneRun[];
  /** Runs that stay because a newer one stands on them. */
  readonly stay: readonly { readonly run: RunId; readonly for: RunId }[];
  /** Runs whose recordings or worktrees are here, of which this state knows nothing. */
  readonly unknown: readonly Stray[];
  readonly recordings: number;
  readonly worktrees: number;
  /** Directories with the files of agents whose runner was killed. */
  readonly scratch: number;
  readonly bytes: number;
  /** How many runs are listed now. */
  readonly left: number;
  /** What could not be done, as sentences. */
  readonly troubles: readonly string[];
}

const WIDEST_NAME = 40;

/** For people; ends with a line break. */
export function clearingText(clearing: Clearing, limits: string, now: number): string {
  const { dryRun, runs, stay, unknown, recordings, worktrees, scratch, bytes } = clearing;
  const lines = table(
    runs.map((run) => [
      `  ${run.run}`,
      run.status,
      age(now - Date.parse(run.changedAt)),
      size(run.bytes),
      oneLine(run.workflow, WIDEST_NAME),
    ]),
  );
  const did = dryRun ? 'would remove' : 'removed';
  const rest = [
    ...(worktrees === 0 ? [] : [count(worktrees, 'worktree')]),
    ...(recordings === 0 ? [] : [count(recordings, 'recording')]),
    ...(scratch === 0 ? [] : [`${count(scratch, 'temporary directory', 'temporary directories')} of agents`]),
  ];
  const what = [...(runs.length === 0 ? [] : [count(runs.length, 'run')]), ...rest];
  const head =
    what.length === 0 && bytes === 0
      ? [`nothing to clear up: ${count(clearing.left, 'run')}; ${limits}`]
      : [`${did} ${what.length === 0 ? 'what nobody uses' : what.join(', ')}${runs.length === 0 ? '' : ':'}`];
  return [
    ...head,
    ...lines,
    ...(bytes === 0 ? [] : [`${dryRun ? 'would free' : 'freed'} ${size(bytes)}`]),
    ...(recordings === 0 || dryRun
      ? []
      : [
          'what the recordings took in the repository is freed by `git gc` after two weeks, by `git gc --prune=now` at once',
        ]),
    ...stay.map((one) => `${one.run} stays: ${one.for} took over its results`),
    ...(unknown.length === 0 ? [] : straysText(unknown)),
    '',
  ].join('\n');
}

const NAMED = 20;

/** Names what is left of runs that nobody here knows, with what removes it. Another state directory may know them. */
export function straysText(strays: readonly Stray[]): readonly string[] {
  const named = strays.slice(0, NAMED);
  const [them, have] = strays.length === 1 ? ['it', 'has'] : ['them', 'have'];
  const more = strays.length > NAMED ? [`  and ${count(strays.length - NAMED, 'more run')}`] : [];
  return [
    `${count(strays.length, 'run')} that this state directory does not know ${have} recordings or worktrees here:`,
    ...named.flatMap(({ run, worktrees }) => [
      `  ${run}`,
      ...worktrees.map((root) => `    worktree ${oneLine(root, WIDEST_PATH)}`),
    ]),
    ...more,
    `if no other state directory (\`--state-dir\`) knows ${them}, \`codemachine gc ${named.map(({ run }) => run).join(' ')} --force\` removes what is left`,
  ];
}

const WIDEST_PATH = 4_000;

/** For programs. */
export function clearingJson(clearing: Clearing): JsonObject {
  const { dryRun, runs, stay, unknown, recordings, worktrees, scratch, bytes, left, troubles } = clearing;
  return {
    'dry-run': dryRun,
    runs: runs.map(({ changedAt, ...run }) => ({ ...run, 'changed-at': changedAt })),
    stay: stay.map((one) => ({ ...one })),
    ...{
      unknown: unknown.map(({ run }) => run),
      recordings,
      worktrees,
      'agent-directories': scratch,
      bytes,
      left,
      troubles: [...troubles],
    },
  };
}
