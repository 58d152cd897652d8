/** Says why a run failed: the first failure that was not allowed, where it began. */
import type { Failure } from '../model/failure.ts';
import { liesIn } from '../model/ids.ts';
import type { Progress, StepProgress } from '../model/progress.ts';
import { oneLine } from './clean.ts';
import { adviceFor } from './failure-help.ts';
import { mark, type Paint } from './paint.ts';
import type { PlaceOf } from './run-annotations.ts';
import { tellingLines } from './telling-lines.ts';
import type { Tries } from './tries.ts';
import { triesWords } from './tries.ts';
import { listed } from './words.ts';

const MOST_STEPS = 10;
const MOST_MESSAGE_LINES = 4;
const LAST_LINES = 6;
const WIDEST_LINE = 160;

/** What it is found in. */
export interface Failed {
  readonly steps: readonly StepProgress[];
  /** Those that were not allowed to fail, the one that failed first at the front. */
  readonly failed: readonly StepProgress[];
  readonly tries: Tries;
  readonly placeOf?: PlaceOf | undefined;
  readonly paint: Paint;
}

/** What fails by itself, whatever failed inside of it. */
const OF_ITS_OWN: ReadonlySet<Failure['reason']> = new Set([
  'exhausted',
  'timeout',
  'condition',
  'budget',
  'interrupted',
]);

/** Where the failure began: what is made of other executions fails because one of them did, often in the same moment. */
export function rootOf(failed: readonly StepProgress[]): StepProgress | undefined {
  const [first] = failed;
  return first === undefined ? undefined : innermost(first, failed);
}

function innermost(root: StepProgress, failed: readonly StepProgress[]): StepProgress {
  if (root.failure !== undefined && OF_ITS_OWN.has(root.failure.reason)) return root;
  const inside = failed.find(({ key }) => liesIn(key, root.key));
  return inside === undefined ? root : innermost(inside, failed);
}

/** The step inside of a loop that came to no good end which failed last, though it was allowed to: why the loop went round. */
function lastInside(root: StepProgress, steps: readonly StepProgress[]): StepProgress | undefined {
  if (root.failure?.reason !== 'exhausted') return undefined;
  return steps
    .filter(({ key, status }) => status === 'failed' && liesIn(key, root.key))
    .reduce<StepProgress | undefined>((last, one) => (isLater(one, last) ? one : last), undefined);
}

function isLater({ endedAt = '' }: StepProgress, other: StepProgress | undefined): boolean {
  return endedAt >= (other?.endedAt ?? '');
}

/** Why a run failed whose steps went well: of its outputs there is no step to name. */
export function outputsCause({ failure }: Pick<Progress, 'failure'>, paint: Paint): readonly string[] {
  if (failure === undefined) return [];
  return [
    `${mark('failed', paint)} ${paint.bold('outputs')} ${paint.red('failed')}: ${oneLine(failure.message, WIDEST_LINE * 2)}`,
    '    what to do: correct the expression under `outputs`, then resume with that',
  ];
}

/** Nothing where nothing failed that was not allowed to. */
export function rootCause(told: Failed): readonly string[] {
  const root = rootOf(told.failed);
  if (root === undefined) return [];
  const { paint } = told;
  const inside = lastInside(root, told.steps);
  const also = alsoFailed(root, told.failed).map(({ key }) => key);
  const [first = '', ...more] = messageLines(root);
  const last =
    inside === undefined ? [] : [`    last: ${inside.key} failed: ${messageLines(inside)[0] ?? ''}`];
  return [
    `${mark('failed', paint)} ${paint.bold(root.key)} ${paint.red('failed')}: ${oneLine(first, WIDEST_LINE)}`,
    ...whereLines(root, told),
    ...more.slice(0, MOST_MESSAGE_LINES).map((line) => `    ${oneLine(line, WIDEST_LINE)}`),
    ...last.map((line) => oneLineIndented(line)),
    ...saidLines(inside ?? root).map((line) => `    ${paint.dim('|')} ${line}`),
    ...adviceLines(root),
    ...(also.length === 0 ? [] : [`  also failed: ${listed(also.slice(0, MOST_STEPS), also.length)}`]),
  ];
}

function oneLineIndented(line: string): string {
  return `    ${oneLine(line, WIDEST_LINE)}`;
}

function adviceLines({ failure, kind }: StepProgress): readonly string[] {
  return failure === undefined
    ? []
    : [`    what to do: ${oneLine(adviceFor(failure, kind), WIDEST_LINE * 2)}`];
}

function messageLines({ failure }: StepProgress): readonly string[] {
  const lines = (failure?.message ?? 'no reason was recorded').split('\n');
  return lines.filter((line) => line.trim() !== '');
}

/** Its place in the file that it is written in, and what became of the attempts before the last one. */
function whereLines(root: StepProgress, { placeOf, tries }: Failed): readonly string[] {
  const place = placeOf?.(root.key);
  const facts = [
    ...(place === undefined ? [] : [`at ${place.file}:${place.line}`]),
    ...triesWords(tries.get(root.key) ?? []),
  ];
  return facts.length === 0 ? [] : [oneLineIndented(facts.join(' · '))];
}

/** What it said last, unless the message says the same. */
function saidLines(step: StepProgress): readonly string[] {
  const message = step.failure?.message ?? '';
  const said = tellingLines(step.values, LAST_LINES);
  return said.every((line) => message.includes(line.trim())) ? [] : said;
}

/** The others, but for what failed since one of these did. */
function alsoFailed(root: StepProgress, failed: readonly StepProgress[]): readonly StepProgress[] {
  return failed.filter(
    ({ key }) => key !== root.key && !failed.some((other) => other.key !== key && liesIn(other.key, key)),
  );
}
