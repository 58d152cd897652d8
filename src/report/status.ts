/** Shows one run to programs. */
import type { Plan } from '../model/plan.ts';
import type { Progress, StepProgress } from '../model/progress.ts';
import type { Json, JsonObject } from '../model/result.ts';
import { budgetJson } from './budgets.ts';
import type { Changes } from './changes.ts';
import { oneLine } from './clean.ts';
import { gateJson } from './gates.ts';
import { enginesJson } from './resting.ts';
import { stepsInOrder } from './steps.ts';
import { waitEnd } from './waits.ts';
import { quoted } from './words.ts';

const WIDEST_KEY = 120;
const WIDEST_PATH = 1000;

/** A run as `status --json` prints it; what is not known is not there. */
export function statusJson(
  progress: Progress,
  options: {
    plan?: Plan | undefined;
    changes?: Changes;
    now?: number;
    worktreeOf?: WorktreeOf | undefined;
  } = {},
): JsonObject {
  const { run, status, workflow, path, sha256, inputs, retryOf, attempt, startedAt, lastAt, usage } =
    progress;
  const { outputs, parked, failure } = progress;
  return known({
    run,
    status,
    workflow,
    path,
    sha256,
    inputs,
    'retry-of': retryOf,
    attempt,
    'started-at': startedAt,
    'changed-at': lastAt,
    // Who worked and said nothing of it leaves the cost of the whole unknown, as in `run-finished`.
    usage: usage === undefined ? undefined : { ...usage, ...(progress.silent === true ? { usd: null } : {}) },
    budget: budgetJson(progress, status === 'running' ? options.now : undefined),
    engines: options.now === undefined ? undefined : enginesJson(progress, options.now),
    outputs,
    failure: failure === undefined ? undefined : { ...failure },
    parked: parked === undefined ? undefined : { ...parked },
    steps: stepsInOrder(progress, options.plan).map((step) => {
      const worktree = isAtWorkApart(progress, step)
        ? options.worktreeOf?.(step.key, step.attempt)
        : undefined;
      return { ...stepJson(progress, step, options.changes?.get(step.key)), ...known({ worktree }) };
    }),
  });
}

/** Gives the place of an isolated attempt's worktree. */
type WorktreeOf = (key: StepProgress['key'], attempt: number) => string | undefined;

/** Where the isolated attempts work that are being made. '' for none. */
export function atWorkText(progress: Progress, worktreeOf?: WorktreeOf): string {
  const lines = [...progress.steps.values()].flatMap((step) => {
    const place = isAtWorkApart(progress, step) ? worktreeOf?.(step.key, step.attempt) : undefined;
    return place === undefined
      ? []
      : [`${oneLine(step.key, WIDEST_KEY)} works in its own worktree: ${oneLine(place, WIDEST_PATH)}`];
  });
  return lines.length === 0 ? '' : ['', ...lines, ''].join('\n');
}

function isAtWorkApart({ status }: Progress, step: StepProgress): boolean {
  const trees = step.trees[step.attempt];
  const apart = trees?.isolated === true && trees.before !== undefined && trees.after === undefined;
  return status === 'running' && step.status === 'running' && apart;
}

/**
 * What an agent left in the tree that was cut off by the death of its runner: how to see it, undo it and keep it. '' for none.
 * `worktreeOf` gives the place of an isolated attempt.
 */
export function cutOffText({ run, status, steps }: Progress, worktreeOf?: WorktreeOf): string {
  if (run === undefined || status !== 'interrupted') return '';
  const left = [...steps.values()].filter((step) => {
    const trees = step.trees[step.attempt];
    return (
      step.status !== 'succeeded' && trees?.before !== undefined && trees.after === undefined && !trees.undone
    );
  });
  if (left.length === 0) return '';
  const isIsolated = (step: StepProgress): boolean => step.trees[step.attempt]?.isolated === true;
  const shared = left.filter((step) => !isIsolated(step));
  const names = shared.map(({ key }) => oneLine(key, WIDEST_KEY)).join(', ');
  const own = left.filter(isIsolated).map(({ key, attempt }) => {
    const place = worktreeOf?.(key, attempt);
    const where = place === undefined ? '' : ` ${oneLine(place, WIDEST_PATH)}`;
    return `${oneLine(key, WIDEST_KEY)} was cut off, and what it changed until then is in its own worktree${where}:`;
  });
  const undoes =
    shared.length === 0
      ? 'records it and takes the worktree away'
      : own.length === 0
        ? 'undoes it'
        : 'puts it away';
  return [
    '',
    ...own,
    ...(shared.length === 0
      ? []
      : [
          `${names} ${shared.length === 1 ? 'was' : 'were'} cut off, and what it changed until then is still in the tree:`,
        ]),
    `  \`codemachine resume ${run}\` ${undoes}, then tries again`,
    `  \`codemachine resume ${run} --keep-tree\` keeps it, and tries again`,
    ...left.map(({ key }) => `  \`codemachine diff ${run} ${quoted(key)}\` shows it`),
    '',
  ].join('\n');
}

function stepJson(progress: Progress, step: StepProgress, files: readonly string[] | undefined): JsonObject {
  const { applied } = step.trees[step.attempt] ?? {};
  return known({
    step: step.key,
    status: step.status,
    attempt: step.attempt,
    kind: step.kind,
    engine: step.engine,
    model: step.model,
    session: step.session,
    'started-at': step.startedAt,
    'ended-at': step.endedAt,
    'duration-ms': step.values['duration-ms'],
    'exit-code': step.values['exit-code'],
    failure: step.failure === undefined ? undefined : { ...step.failure },
    because: step.because,
    'retry-at': waitEnd(progress, step)?.until ?? step.retryAt,
    gate: step.gate === undefined ? undefined : gateJson(step.gate),
    usage: step.usage === undefined ? undefined : { ...step.usage },
    artifacts: step.values.artifacts?.map((artifact) => ({ ...artifact })),
    files,
    applied: applied === undefined ? undefined : { ...applied },
  });
}

function known(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}
