/** Sums a run up on one screen: what went wrong first, then each step, what it cost, what it changed, what to type next. */
import { fileNames } from '../model/file-name.ts';
import { headMoved } from '../model/head-move.ts';
import type { Plan } from '../model/plan.ts';
import type { Progress, StepProgress, StepStatus } from '../model/progress.ts';
import { isUntold, NOTHING_SPENT } from '../model/spending.ts';
import { budgetLines } from './budgets.ts';
import type { Changes } from './changes.ts';
import { cleanForTerminal, oneLine } from './clean.ts';
import type { Lines } from './ending.ts';
import { gateLines } from './gates.ts';
import { mergeWait } from './merge-waits.ts';
import { leftInTree, nextMoves, unmergedLines } from './next-moves.ts';
import { outputLines } from './outputs.ts';
import { mark, type Paint, painter, shade } from './paint.ts';
import { engineLines } from './resting.ts';
import { outputsCause, rootCause } from './root-cause.ts';
import type { PlaceOf } from './run-annotations.ts';
import {
  type Allowed,
  failedSteps,
  isInterrupted,
  isUnknownReplay,
  isUsageUnknown,
  mayFail,
  stepFacts,
  stepsInOrder,
} from './steps.ts';
import type { Tries } from './tries.ts';
import { waitFact } from './waits.ts';
import { count, duration, listed, moment, usageWords } from './words.ts';

const MOST_ROWS = 12;
const MOST_FILES = 10;
const WIDEST_KEY = 32;
const WIDEST_LINE = 160;

/** What a summary is made with. */
export interface SummaryOptions {
  readonly color: boolean;
  /** Gives the order of the steps, those not started yet, and which may fail. */
  readonly plan?: Plan | undefined;
  readonly changes?: Changes;
  /** What the attempts failed for. */
  readonly tries?: Tries;
  /** Where a step stands in its file. */
  readonly placeOf?: PlaceOf | undefined;
  /** What the run changed, net; where nobody can tell, what its attempts changed. */
  readonly lines?: Lines | undefined;
  /** Leaves no step, file or output out. */
  readonly all?: boolean;
  /** Milliseconds since the epoch; where nobody says, what has passed since the newest milestone is not known. */
  readonly now?: number;
}

interface Told {
  readonly progress: Progress;
  readonly steps: readonly StepProgress[];
  readonly failed: readonly StepProgress[];
  readonly allowed: Allowed;
  readonly changes: Changes;
  readonly tries: Tries;
  readonly placeOf: PlaceOf | undefined;
  readonly lines: Lines | undefined;
  readonly all: boolean;
  /** Of a run that runs. */
  readonly now: number | undefined;
  /** Of any run, where that is known. */
  readonly clock: number | undefined;
  readonly plan: Plan | undefined;
  readonly paint: Paint;
}

/**
 * Sums up a run that ended, stopped or still runs. Ends with a line break; harmless for a terminal. A run that is said to run
 * but whose owner is dead is to be given as `{ ...progress, status: 'interrupted' }`.
 */
export function summary(progress: Progress, options: SummaryOptions): string {
  const steps = stepsInOrder(progress, options.plan);
  const allowed = mayFail(options.plan);
  const told: Told = {
    progress,
    steps,
    allowed,
    plan: options.plan,
    failed: failedSteps(steps, allowed),
    changes: options.changes ?? new Map(),
    tries: options.tries ?? new Map(),
    placeOf: options.placeOf,
    lines: options.lines,
    all: options.all ?? false,
    now: progress.status === 'running' ? options.now : undefined,
    clock: options.now,
    paint: painter(options.color),
  };
  const parts = [
    headline(told),
    told.failed.length === 0 ? outputsCause(progress, told.paint) : rootCause(told),
    stepRows(told),
    gateLines(progress, progress.lastAt ?? ''),
    totals(told),
    unmergedLines(progress, told),
    nextMoves(progress, told),
    leftInTree(progress, told),
  ];
  const text = parts.filter((part) => part.length > 0).map((part) => part.join('\n'));
  return cleanForTerminal(`${text.join('\n\n')}\n`, options);
}

function headline({ progress, paint, now }: Told): readonly string[] {
  const name = paint.bold(oneLine(progress.workflow ?? 'the run', WIDEST_LINE));
  const took = runDuration(progress, now);
  const time =
    took === undefined ? '' : ` ${progress.status === 'running' ? 'for' : 'after'} ${duration(took)}`;
  const run = progress.run === undefined ? '' : ` · run ${progress.run}`;
  const of = progress.retryOf === undefined ? '' : `, a retry of ${progress.retryOf}`;
  return [`${name} ${ending(progress, paint)}${time}${run}${of}`];
}

function ending({ status, parked, lastAt = '' }: Progress, paint: Paint): string {
  switch (status) {
    case 'new':
      return 'has not started';
    case 'running':
      return 'runs';
    case 'interrupted':
      return paint.yellow('was interrupted');
    case 'parked':
      return paint.yellow(`is parked (${parkedFor(parked, lastAt)})`);
    case 'succeeded':
    case 'failed':
      return shade(status, paint)(status);
    case 'canceled':
      return paint.yellow('was canceled');
  }
}

function parkedFor(parked: Progress['parked'], today: string): string {
  if (parked?.until === undefined) return parked?.reason ?? 'pause';
  return `${parked.reason} until ${moment(parked.until, today)}`;
}

/** From the start to the newest milestone, pauses included. */
function runDuration({ startedAt, lastAt }: Progress, now: number | undefined): number | undefined {
  if (startedAt === undefined) return undefined;
  const end = now ?? (lastAt === undefined ? undefined : Date.parse(lastAt));
  return end === undefined ? undefined : end - Date.parse(startedAt);
}

function stepRows(told: Told): readonly string[] {
  const { steps, allowed, progress, plan, now, clock, paint } = told;
  const shown = mostTelling(told);
  const width = Math.min(WIDEST_KEY, Math.max(0, ...shown.map((step) => step.key.length)));
  const today = progress.lastAt ?? '';
  // Of a parked run only a loop or the like still runs, and that waits with it.
  const running = progress.status === 'running' || progress.status === 'parked';
  const rows = shown.map((step) => {
    const mergesAfter = step.status === 'merging' ? mergeWait(progress, plan, step.key) : undefined;
    const waits = waitFact(progress, step, { now: clock, today, plan });
    const facts = stepFacts(step, { waits, now, running, mayFail: allowed.has(step.key), mergesAfter });
    return `${mark(step.status, paint)} ${step.key.padEnd(width)}  ${facts.join(' · ')}`.trimEnd();
  });
  if (shown.length === steps.length) return rows;
  const hidden = new Set(shown);
  return [
    ...rows,
    `  and ${tally(
      steps.filter((step) => !hidden.has(step)),
      running,
    )}${allOf(progress)}`,
  ];
}

const TELLING: readonly StepStatus[] = [
  'failed',
  'running',
  'waiting',
  'merging',
  'asking',
  'canceled',
  'blocked',
  'succeeded',
  'skipped',
  'pending',
];

/** As many steps as fit on a screen, in their order; those that went well give way to those that did not. */
function mostTelling({ steps, failed, all }: Told): readonly StepProgress[] {
  if (all || steps.length <= MOST_ROWS) return steps;
  const ranked = TELLING.flatMap((status) => steps.filter((step) => step.status === status));
  const chosen = new Set([...new Set([...failed, ...ranked])].slice(0, MOST_ROWS - 1));
  return steps.filter((step) => chosen.has(step));
}

/** What shows that which there is no room for. */
function allOf({ run }: Progress): string {
  return run === undefined ? '' : `: \`codemachine status ${run} --all\``;
}

/** How many steps stand where: `12 succeeded, 3 not started`. @param running whether the run still runs */
export function tally(steps: readonly StepProgress[], running: boolean): string {
  const counts = new Map<string, number>();
  for (const status of TELLING) {
    for (const step of steps.filter((one) => one.status === status)) {
      const word = isInterrupted(step, running)
        ? 'interrupted'
        : status === 'pending'
          ? 'not started'
          : status;
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return [...counts].map(([word, many]) => `${many} ${word}`).join(', ');
}

function totals(told: Told): readonly string[] {
  const { progress, changes, steps, now, clock, all } = told;
  const agents = steps.filter((step) => step.kind === 'prompt' && step.attempt > 0);
  const usage = usageOf(progress, agents);
  const files = told.lines?.files ?? [...new Set([...changes.values()].flat())].sort();
  return [
    ...(agents.length === 0 && progress.usage === undefined ? [] : [`used: ${usage}`]),
    ...budgetLines(progress, now),
    ...restLines(progress, clock),
    ...fileLines(files, told, 'changed', 'file', linesWords(told.lines)),
    ...headLines(steps),
    ...fileLines(artifactNames(steps), told, 'kept', 'artifact'),
    ...outputLines(progress, all, allOf(progress)),
  ];
}

/** `, +12 -3`; nothing where no line of text differs in the end. */
function linesWords(lines: Lines | undefined): string {
  return lines === undefined || lines.added + lines.removed === 0
    ? ''
    : `, +${lines.added} -${lines.removed}`;
}

function fileLines(
  files: readonly string[],
  { all, progress }: Told,
  verb: string,
  one: string,
  more = '',
): readonly string[] {
  if (files.length === 0) return [];
  const most = all ? files.length : MOST_FILES;
  const rest = files.length > most ? allOf(progress) : '';
  return [`${verb} ${count(files.length, one)}${more}: ${fileNames(files, most)}${rest}`];
}

const OTHER_ENGINE = 'what to do: resume after that, or name a second engine and resume --updated';

/** Who goes on with the run waits for these too. */
function restLines(progress: Progress, clock: number | undefined): readonly string[] {
  if (progress.status === 'succeeded' || progress.lastAt === undefined) return [];
  const rests = engineLines(progress, clock ?? Date.parse(progress.lastAt));
  return progress.parked?.reason === 'quota' ? [...rests, OTHER_ENGINE] : rests;
}

/** The files that were kept; with whose they are where several kept one of the same path. */
function artifactNames(steps: readonly StepProgress[]): readonly string[] {
  const all = steps.flatMap(({ key, values }) =>
    (values.artifacts ?? []).map((artifact) => ({ key, path: artifact.path })),
  );
  const paths = new Map<string, number>();
  for (const one of all) paths.set(one.path, (paths.get(one.path) ?? 0) + 1);
  return all.map((one) => ((paths.get(one.path) ?? 0) > 1 ? `${one.path} of ${one.key}` : one.path));
}

/** Where the newest attempts left HEAD that are not undone. */
function headLines(steps: readonly StepProgress[]): readonly string[] {
  const moved = steps.flatMap(({ key, attempt, trees: { [attempt]: own } }) =>
    own?.head === undefined || own.undone ? [] : [`${key}: ${headMoved(own.head)}`],
  );
  return moved.slice(0, MOST_FILES).map((line) => oneLine(line, WIDEST_LINE * 2));
}

function usageOf({ usage, spending }: Progress, agents: readonly StepProgress[]): string {
  if (usage !== undefined && isUntold(usage)) return 'unknown';
  const silent = agents.filter(isUsageUnknown);
  // Budgets count what is replayed as if it were made; nobody has spent it.
  const replayed = agents.filter(isUnknownReplay);
  const unknown = (spending.by.get('run') ?? NOTHING_SPENT).unknown - replayed.length;
  if (silent.length === 0 && unknown > 0 && usage?.usd !== null) {
    const attempts = `${count(unknown, 'attempt')} of unknown cost`;
    return usage === undefined ? attempts : `${usageWords(usage)}, not counting ${attempts}`;
  }
  if (silent.length === 0) return usage === undefined ? 'nothing' : usageWords(usage);
  if (usage === undefined) return 'unknown';
  return `${usageWords(usage)}, not counting ${listed(silent.map((step) => step.key).slice(0, 3), silent.length)}`;
}
