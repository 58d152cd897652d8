/** Says milestones in sentences, one line each. */

import type { Milestone } from '../model/event.ts';
import { fileNames } from '../model/file-name.ts';
import { headMoved } from '../model/head-move.ts';
import type { Progress } from '../model/progress.ts';
import { budgetAmount } from './budgets.ts';
import { isEnd } from './changes.ts';
import { oneLine } from './clean.ts';
import type { Paint } from './paint.ts';
import { stillWaiting } from './waits.ts';
import { count, duration, listed, moment, quoted, takenFrom, usageWords } from './words.ts';

const WIDEST = 400;
const MOST_LINES = 12;
const MOST_FILES = 5;

/** What sentences are made with. */
export interface SentenceOptions {
  readonly verbose: boolean;
  readonly paint: Paint;
  /** The run after the milestone. */
  readonly progress: Progress;
}

type StepMilestone = Exclude<
  Milestone,
  {
    type:
      | 'run-started'
      | 'run-resumed'
      | 'run-interrupted'
      | 'run-parked'
      | 'run-finished'
      | 'budget-exceeded'
      | 'engine-rested'
      | 'engine-untested';
  }
>;
type Of<Type extends Milestone['type']> = Extract<Milestone, { type: Type }>;

/** The lines of a milestone; none for what the summary says anyway or what is not worth one. */
export function milestoneLines(m: Milestone, options: SentenceOptions): readonly string[] {
  switch (m.type) {
    case 'run-started':
      return [
        `${options.paint.bold(oneLine(m.workflow, WIDEST))} (${oneLine(m.path, WIDEST)}) · run ${m.run}${m['retry-of'] === undefined ? '' : `, a retry of ${m['retry-of']}`}`,
      ];
    case 'run-resumed':
      return [
        `${options.paint.bold(oneLine(options.progress.workflow ?? 'the run', WIDEST))} goes on · run ${m.run}`,
        ...stillWaiting(options.progress, m.at).map((line) => options.paint.yellow(line)),
      ];
    case 'run-interrupted':
      return [options.paint.yellow(`interrupted by ${oneLine(m.by, WIDEST)}`)];
    case 'budget-exceeded':
      return [
        options.paint.yellow(
          `the budget of ${scopeWords(m.scope)} is used up: ${budgetAmount(m.unit, m.spent)} of ${budgetAmount(m.unit, m.limit)}`,
        ),
      ];
    case 'engine-rested':
      return [options.paint.yellow(rests(m))];
    case 'engine-untested':
      return [odd(m, options.paint)];
    case 'run-parked':
    case 'run-finished':
      return [];
    default:
      return stepLines(m, options).map((line) => `${options.paint.dim(`${m.step}:`)} ${line}`);
  }
}

function scopeWords(scope: string): string {
  return scope === 'run' ? 'the run' : `the ${oneLine(scope.replace(':', ' '), WIDEST)}`;
}

function stepLines(m: StepMilestone, options: SentenceOptions): readonly string[] {
  const { paint, progress } = options;
  switch (m.type) {
    case 'step-started':
      return [started(m)];
    case 'session-opened':
      return sessionOpened(m, options);
    case 'step-succeeded':
      return [succeeded(m, paint)];
    case 'step-failed':
      return failed(m, paint);
    case 'step-skipped':
    case 'step-blocked':
    case 'step-canceled':
      return [paint.yellow(`${m.type.slice('step-'.length)}: ${oneLine(m.because, WIDEST)}`)];
    case 'retry-scheduled':
      return [paint.yellow(`attempt ${m.attempt} starts ${soon(m['retry-at'], m.at)}`)];
    case 'engine-changed':
      return [paint.yellow(changed(m))];
    case 'quota-waiting':
    case 'step-waiting':
      return [paint.yellow(waits(m))];
    case 'loop-decided':
      return [`iteration ${m.iteration} is done${m.again ? ', another one follows' : ', it was the last'}`];
    case 'matrix-expanded':
      return [expanded(m)];
    case 'candidates-shown':
      return [shown(m)];
    case 'snapshot-taken':
      return isEnd(progress, m) ? [...files('changed', m.files), ...headLines(m)] : [];
    case 'tree-restored':
    case 'change-ready':
    case 'merge-started':
    case 'change-merged':
    case 'change-applied':
      return treeLines(m, progress);
    case 'cache-missed':
      return [paint.yellow(`not taken from the cache: ${oneLine(m.because, WIDEST)}`)];
    case 'gate-opened':
      return [
        `${paint.yellow('asks')}: ${oneLine(m.message, WIDEST)} (${m.options.map((option) => oneLine(option, WIDEST)).join(', ')})`,
      ];
    case 'gate-reminded':
      return [`${paint.yellow('still asks')}: ${oneLine(m.message, WIDEST)}`];
    case 'gate-decided':
      return [
        `${oneLine(m.decision, WIDEST)} by ${oneLine(m.by, WIDEST)}${m.comment === undefined ? '' : `: ${oneLine(m.comment, WIDEST)}`}`,
      ];
  }
}

function expanded({ instances }: Of<'matrix-expanded'>): string {
  return `runs ${count(instances.length, 'time')}: ${listed(instances.slice(0, MOST_FILES), instances.length)}`;
}

function rests({ engine, failures, until, at, because }: Of<'engine-rested'>): string {
  const often = failures > 1 ? `failed ${failures} times in a row` : 'failed again after its rest';
  return `${oneLine(engine, WIDEST)} ${often} and rests; asked again ${soon(until, at)} (${oneLine(because, WIDEST)})`;
}

function changed({ from, to, because }: Of<'engine-changed'>): string {
  return `goes on with ${oneLine(to, WIDEST)} instead of ${oneLine(from, WIDEST)}: ${oneLine(because, WIDEST)}`;
}

function sessionOpened(
  { session, engine, because, version = '', untested }: Of<'session-opened'>,
  { verbose, paint }: SentenceOptions,
): readonly string[] {
  const before = untested === undefined ? [] : [odd({ engine, version, untested }, paint)];
  if (because !== undefined) return [...before, `opens a new session: ${oneLine(because, WIDEST)}`];
  return verbose ? [...before, `session ${oneLine(session, WIDEST)} of ${oneLine(engine, WIDEST)}`] : before;
}

function odd(
  { engine, version, untested }: Pick<Of<'engine-untested'>, 'engine' | 'version' | 'untested'>,
  paint: Paint,
): string {
  return paint.yellow(oneLine(`${engine} ${version} ${untested}`, WIDEST));
}

function waits(m: Of<'quota-waiting' | 'step-waiting'>): string {
  if (m.type === 'quota-waiting')
    return `the quota of ${oneLine(m.engine, WIDEST)} is used up; goes on ${soon(m.until, m.at)}`;
  const { run, step } = m['held-by'];
  const other = run === m.run ? '' : ` of run ${run}`;
  return `waits for ${oneLine(step, WIDEST)}${other}, which has \`${oneLine(m.concurrency, WIDEST)}\``;
}

function shown({ candidates, blind }: Of<'candidates-shown'>): string {
  const order = blind ? ', under letters and in an order of their own' : '';
  const many = count(candidates.length, 'candidate');
  return `shows ${many} to the judge${order}: ${listed(candidates.slice(0, MOST_FILES), candidates.length)}`;
}

function treeLines(
  m: Of<'tree-restored' | 'change-ready' | 'merge-started' | 'change-merged' | 'change-applied'>,
  progress: SentenceOptions['progress'],
): readonly string[] {
  switch (m.type) {
    case 'tree-restored':
      return m.files.length === 0 ? [] : [...files('put back', m.files), ...wayBack(m, progress)];
    case 'change-ready':
      return files('waits to merge', m.files);
    case 'merge-started':
      return [];
    case 'change-merged':
      return files('merged', m.files);
    case 'change-applied':
      return applied(m);
  }
}

function applied({ conflicts, taken, files: changed }: Of<'change-applied'>): readonly string[] {
  if (taken !== undefined) return files(`took ${SIDES[taken.side]} of`, taken.paths);
  return files(conflicts === undefined ? 'applied by hand' : 'applied by hand, with markers', changed);
}

const SIDES = { shared: "the shared tree's side", step: "the step's side" } as const;

function started({ engine, model, attempt }: Of<'step-started'>): string {
  const again = attempt > 1 ? ` attempt ${attempt}` : '';
  const agent = engine === undefined ? '' : ` with ${oneLine(engine, WIDEST)}`;
  return `started${again}${agent}${model === undefined ? '' : `, ${oneLine(model, WIDEST)}`}`;
}

function succeeded(m: Of<'step-succeeded'>, paint: Paint): string {
  const took = m['duration-ms'] === undefined ? '' : ` in ${duration(m['duration-ms'])}`;
  // What was reused has cost nothing today, whatever it cost when it was made.
  if (m.reused !== undefined) return `${paint.green('succeeded')}, ${takenFrom(m.reused, m.fingerprint)}`;
  const used = m.usage === undefined ? '' : ` · ${usageWords(m.usage)}`;
  return `${paint.green('succeeded')}${took}${used}`;
}

/** All of the message, within reason: in a log, the reader has nothing else. */
function failed(
  { failure, attempt, final, usage, ...m }: Of<'step-failed'>,
  paint: Paint,
): readonly string[] {
  const [first = '', ...rest] = failure.message.split('\n').filter((line) => line.trim() !== '');
  const what =
    failure.reason === 'interrupted' ? paint.yellow('interrupted') : paint.red(`failed (${failure.reason})`);
  const which = final && attempt === 1 ? '' : `attempt ${attempt} `;
  const took = m['duration-ms'] === undefined ? '' : ` after ${duration(m['duration-ms'])}`;
  const used = usage === undefined ? '' : ` · ${usageWords(usage)}`;
  return [
    `${which}${what}${took}: ${oneLine(first, WIDEST)}${used}`,
    ...rest.slice(0, MOST_LINES).map((line) => `  ${oneLine(line, WIDEST)}`),
    // What comes back by itself needs nobody.
    ...(failure.help === undefined || (failure.updating === true && !final)
      ? []
      : [`what to do: ${oneLine(failure.help, WIDEST)}`]),
  ];
}

function soon(at: string, now: string): string {
  return `in ${duration(Date.parse(at) - Date.parse(now))}, at ${moment(at, now)}`;
}

/** What brings back everything that an undo took; of an attempt whose end is recorded, which a merge is not. */
function wayBack(
  { run, step, attempt }: Extract<Milestone, { type: 'tree-restored' }>,
  progress: Progress,
): readonly string[] {
  const trees = progress.steps.get(step)?.trees[attempt];
  if (trees?.after === undefined || trees.isolated === true) return [];
  return [`\`codemachine restore ${run} ${quoted(`${step}.${attempt}`)} --after --head\` brings that back`];
}

function headLines({ head }: Of<'snapshot-taken'>): readonly string[] {
  return head === undefined ? [] : [oneLine(headMoved(head), WIDEST)];
}

function files(done: string, paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  return [`${done} ${count(paths.length, 'file')}: ${fileNames(paths, MOST_FILES)}`];
}
