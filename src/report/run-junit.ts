/** Writes how a run stands as JUnit XML, as Jenkins and GitLab read it. */
import { isOnBehalf, liesIn } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Progress, StepProgress } from '../model/progress.ts';
import { oneLine } from './clean.ts';
import { adviceFor } from './failure-help.ts';
import { decisionCommands, gateWords, openGates } from './gates.ts';
import type { PlaceOf } from './run-annotations.ts';
import { type Allowed, mayFail, stepDuration, stepsInOrder } from './steps.ts';
import { tellingLines } from './telling-lines.ts';
import { type Tries, triesWords } from './tries.ts';
import { attributes, escaped, seconds } from './xml.ts';

const LAST_LINES = 20;
const WIDEST_MESSAGE = 400;

/** What is known of a run besides its progress. */
export interface RunJunitOptions {
  readonly plan: Plan | undefined;
  readonly tries: Tries;
  readonly placeOf?: PlaceOf | undefined;
}

/** What a case came to. */
type Case = { readonly end: 'passed' | 'failed' | 'skipped'; readonly xml: string };

/**
 * The whole document: the run is a suite, each execution of a step a case of it. What is made of other executions is a case only where
 * it failed by itself: what it holds is told one by one. A failure that the workflow allows fails nothing, so it counts as skipped.
 */
export function runJunit(progress: Progress, options: RunJunitOptions): string {
  const allowed = mayFail(options.plan);
  const steps = stepsInOrder(progress, options.plan);
  const told = steps.filter((step) => isCase(step, steps, allowed));
  const cases = told.map((step) => caseOf(step, { ...options, progress, allowed }));
  const many = (end: Case['end']): number => cases.filter((one) => one.end === end).length;
  const time = told.reduce((sum, step) => sum + (stepDuration(step, undefined) ?? 0), 0);
  const counts = { tests: cases.length, failures: many('failed'), errors: 0 };
  const name = progress.workflow ?? 'run';
  const suites = attributes({ name: `codemachine run ${name}`, ...counts, time: seconds(time) });
  const suite = attributes({
    ...{ name, ...counts, skipped: many('skipped'), time: seconds(time) },
    // Of a time with its zone, Jenkins' schema wants none; UTC is meant.
    ...(progress.startedAt === undefined ? {} : { timestamp: progress.startedAt.slice(0, 19) }),
  });
  const body = `${properties(progress)}${cases.map(({ xml }) => xml).join('')}`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${suites}>\n  <testsuite${suite}>\n${body}  </testsuite>\n</testsuites>\n`;
}

function isCase({ key, status }: StepProgress, all: readonly StepProgress[], allowed: Allowed): boolean {
  // Of a judge, of checks, of who resolved a conflict, the step tells what came of it.
  if (isOnBehalf(key)) return false;
  const inside = all.filter((one) => liesIn(one.key, key) && !isOnBehalf(one.key));
  const failedInside = inside.some((one) => one.status === 'failed' && !allowed.has(one.key));
  return inside.length === 0 || (status === 'failed' && !failedInside);
}

function properties(progress: Progress): string {
  const { run, status, attempt, parked, usage } = progress;
  const known = {
    run,
    status,
    attempt: String(attempt),
    resume: parked?.resume,
    usd: usage?.usd === null ? undefined : usage?.usd,
  };
  // Going on comes after these: a run that waits at a gate only parks again.
  const decisions =
    run === undefined ? [] : openGates(progress).flatMap((gate) => decisionCommands(run, gate));
  const pairs = [...Object.entries(known), ...decisions.map((command) => ['decide', command] as const)];
  const all = pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [`      <property${attributes({ name, value })}/>\n`],
  );
  return `    <properties>\n${all.join('')}    </properties>\n`;
}

interface Told extends RunJunitOptions {
  readonly progress: Progress;
  readonly allowed: Allowed;
}

function caseOf(step: StepProgress, told: Told): Case {
  const { progress, placeOf } = told;
  const place = placeOf?.(step.key);
  const head = attributes({
    name: step.key,
    classname: progress.workflow ?? 'run',
    ...(place === undefined ? {} : { file: place.file }),
    time: seconds(stepDuration(step, undefined) ?? 0),
  });
  const { end, inside } = endOf(step, told);
  const xml =
    inside === '' ? `    <testcase${head}/>\n` : `    <testcase${head}>\n${inside}    </testcase>\n`;
  return { end, xml };
}

function endOf(step: StepProgress, told: Told): { readonly end: Case['end']; readonly inside: string } {
  if (step.status === 'succeeded') return { end: 'passed', inside: '' };
  const why = whyNot(step, told.progress);
  if (step.status === 'failed') {
    const text = failureText(step, told);
    if (!told.allowed.has(step.key)) {
      const head = attributes({ message: why, type: step.failure?.reason ?? 'internal' });
      return { end: 'failed', inside: `      <failure${head}>${escaped(text)}</failure>\n` };
    }
    const message = `failed, which the workflow allows: ${why}`;
    return { end: 'skipped', inside: `${skipped(message)}      <system-out>${escaped(text)}</system-out>\n` };
  }
  return { end: 'skipped', inside: skipped(why) };
}

function skipped(message: string): string {
  return `      <skipped${attributes({ message })}/>\n`;
}

/** Why a step did not succeed, on one line. */
function whyNot(step: StepProgress, { status, parked }: Progress): string {
  const { failure, because = '' } = step;
  if (failure !== undefined && step.status === 'failed') return oneLine(failure.message, WIDEST_MESSAGE);
  const stopped = parked === undefined ? `the run is ${status}` : `the run is parked: ${parked.reason}`;
  switch (step.status) {
    case 'asking':
      return gateWords(step.gate);
    case 'skipped':
    case 'blocked':
    case 'canceled':
      return oneLine(because === '' ? step.status : `${step.status}: ${because}`, WIDEST_MESSAGE);
    case 'running':
    case 'merging':
      return `cut off: ${stopped}`;
    default:
      return `not begun: ${stopped}`;
  }
}

function failureText(step: StepProgress, { placeOf, tries }: Told): string {
  const { failure, values } = step;
  const place = placeOf?.(step.key);
  const lines = [
    failure?.message ?? 'no reason was recorded',
    ...(place === undefined ? [] : [`at ${place.file}:${place.line}`]),
    ...triesWords(tries.get(step.key) ?? []),
    ...tellingLines(values, LAST_LINES).map((line) => `| ${line}`),
    ...(failure === undefined ? [] : [`what to do: ${adviceFor(failure, step.kind)}`]),
  ];
  return lines.join('\n');
}
