/** Shows what came of workflow tests, to people and to programs. */
import { cleanForTerminal } from './clean.ts';
import { type Paint, painter } from './paint.ts';
import { count, duration } from './words.ts';

/** One thing that went otherwise than a test says. */
export interface TestFailure {
  /** The test file as people are shown it. */
  readonly path: string;
  /** Of the expectation, from 1. */
  readonly line: number;
  readonly column: number;
  /** What it is about: `expect.steps.pr`; a sentence where there is nothing to compare. */
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  readonly help?: string;
  /** More to look at: a difference, the last lines of a step. */
  readonly detail?: string;
}

/** What came of one test. `skipped` was left out after a failure, or after Ctrl-C. */
export interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly line: number;
  readonly column: number;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly 'duration-ms': number;
  readonly failures: readonly TestFailure[];
}

/** What came of all of them. */
export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly 'duration-ms': number;
}

/** Counts them. */
export function totalsOf(results: readonly TestResult[], durationMs: number): TestTotals {
  const many = (status: TestResult['status']) => results.filter((one) => one.status === status).length;
  return {
    ...{ passed: many('passed'), failed: many('failed'), skipped: many('skipped') },
    'duration-ms': Math.round(durationMs),
  };
}

const MARKS = { passed: '✔', failed: '✖', skipped: '-' } as const;

/** One test for people: a line, and what went wrong below it. Harmless for a terminal. */
export function testText(result: TestResult, color: boolean): string {
  const paint = painter(color);
  const { status, name, file } = result;
  const shade = { passed: paint.green, failed: paint.red, skipped: paint.dim }[status];
  const time = status === 'skipped' ? 'skipped' : duration(result['duration-ms']);
  const head = `${shade(MARKS[status])} ${clean(file)} › ${clean(name)} ${paint.dim(`(${time})`)}`;
  return `${[head, ...result.failures.flatMap((one) => failureLines(one, paint))].join('\n')}\n`;
}

function failureLines(failure: TestFailure, paint: Paint): readonly string[] {
  const { path, line, column, message, expected, found, help, detail } = failure;
  const lines = [`  ${paint.bold(`${clean(path)}:${line}:${column}`)}: ${clean(message)}`];
  if (expected !== undefined) lines.push(`    expected: ${paint.green(clean(expected))}`);
  if (found !== undefined) lines.push(`    found:    ${paint.red(clean(found))}`);
  if (help !== undefined) lines.push(`    ${clean(help)}`);
  if (detail !== undefined)
    lines.push(
      ...cleanForTerminal(detail, { color: false })
        .split('\n')
        .map((one) => `    | ${one}`),
    );
  return lines;
}

function clean(text: string): string {
  return cleanForTerminal(text, { color: false }).replaceAll('\n', ' ');
}

/** The last line for people. */
export function totalsText(totals: TestTotals, color: boolean): string {
  const paint = painter(color);
  const { passed, failed, skipped } = totals;
  const parts = [
    ...(failed > 0 ? [paint.red(`${failed} failed`)] : []),
    ...(passed > 0 ? [paint.green(`${passed} passed`)] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  const all = count(passed + failed + skipped, 'test');
  return `${paint.bold(`${all}:`)} ${parts.join(', ')} ${paint.dim(`(${duration(totals['duration-ms'])})`)}\n`;
}

/** What `--format json` prints, as `schemas/test-report.schema.json` says. */
export function testsJson(results: readonly TestResult[], totals: TestTotals): object {
  return { tests: results, ...totals };
}
