/** Puts what does not hold into failures that people can act on. */
import { locator } from '../../model/source.ts';
import { lastLines } from '../../report/clean.ts';
import type { TestFailure } from '../../report/tests.ts';
import { unifiedDiff } from '../../report/unified.ts';
import type { Path, TestCase, TestFile } from '../../workflow/test-file.ts';
import type { Unmet } from './expect.ts';
import type { Trouble } from './stage.ts';
import type { Story, StoryStep } from './story.ts';

const LAST_LINES = 10;
const WIDEST = 300;
const MOST_LINES = 40;

/** Where a value of a test stands, as people count. */
export function placeIn(file: TestFile, path: Path): Pick<TestFailure, 'path' | 'line' | 'column'> {
  return { path: file.source.path, ...locator(file.source.text)(file.at(path).start) };
}

/** An expectation that does not hold, with what explains it. */
export function unmetFailure(file: TestFile, test: TestCase, one: Unmet, story: Story): TestFailure {
  const detail = differenceOf(one) ?? whyOf(one, story);
  return {
    ...placeIn(file, ['tests', test.index, 'expect', ...one.path]),
    message: ['expect', ...one.path].join('.'),
    ...{ expected: one.expected, found: one.found },
    ...(detail === undefined ? {} : { detail }),
  };
}

/** What a run was asked and could not be answered. */
export function troubleFailure(file: TestFile, test: TestCase, trouble: Trouble): TestFailure {
  const { message, help, detail } = trouble;
  return {
    ...placeIn(file, ['tests', test.index, 'name']),
    message,
    ...(help === undefined ? {} : { help }),
    ...(detail === undefined ? {} : { detail: bounded(detail.split('\n')) }),
  };
}

/** How two texts differ, where both are long enough for that to matter. */
function differenceOf({ texts }: Unmet): string | undefined {
  if (texts === undefined) return undefined;
  const { wanted, found, whole } = texts;
  if (!/\n/.test(wanted) && !/\n/.test(found)) return undefined;
  const other = whole ? found : nearestPart(wanted, found);
  if (other === undefined) return bounded(found.split('\n'));
  const lines = unifiedDiff('text', `${wanted}\n`, `${other}\n`).trimEnd().split('\n').slice(2);
  return bounded(['- as expected, + as it is', ...lines]);
}

/** The lines of a text that are most like those that are looked for; undefined where none is. */
function nearestPart(wanted: string, found: string): string | undefined {
  const looked = wordsOf(wanted);
  const size = wanted.split('\n').length;
  const lines = found.split('\n');
  let best: { readonly alike: number; readonly text: string } | undefined;
  for (let at = 0; at + Math.min(size, lines.length) <= lines.length; at++) {
    const text = lines.slice(at, at + size).join('\n');
    const own = wordsOf(text);
    const alike = [...looked].filter((word) => own.has(word)).length / Math.max(looked.size, own.size, 1);
    if (best === undefined || alike > best.alike) best = { alike, text };
  }
  return best !== undefined && best.alike >= 0.3 ? best.text : undefined;
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ''));
}

/** Expectations that say less than what the step has said last. */
const ENDS = ['status', 'failure', 'reason', 'message', 'exit-code', 'attempts', 'executions'];

/** What the step that it is about has said last; of a run that ended otherwise, what those that failed did. */
function whyOf({ path, step }: Unmet, story: Story): string | undefined {
  const [first, , key = 'status'] = path;
  const steps =
    step === undefined || first !== 'steps' || !ENDS.includes(String(key)) ? [] : [story.find(step)];
  const told = first === 'status' ? story.failed() : steps;
  const lines = told.flatMap((one) => (one === undefined ? [] : saidBy(one)));
  return lines.length === 0 ? undefined : bounded(lines);
}

function saidBy({ key, failure, values }: StoryStep): readonly string[] {
  const { stderr, stdout, text } = values;
  const said = [stderr, stdout, text].find((one) => typeof one === 'string' && one.trim() !== '');
  const last = typeof said === 'string' ? lastLines(said, LAST_LINES, WIDEST) : [];
  const head = failure === undefined ? [] : [`${key}: ${failure.message}`];
  // Most messages end with the last line.
  return [...head, ...last.filter((line) => failure?.message.includes(line.trim()) !== true)];
}

function bounded(lines: readonly string[]): string {
  if (lines.length <= MOST_LINES) return lines.join('\n');
  return [...lines.slice(0, MOST_LINES), `… and ${lines.length - MOST_LINES} more lines`].join('\n');
}
