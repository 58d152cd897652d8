/** Lists the keys of every mapping of a test file, as its schema does; a test holds them equal. */
import type { Owner } from './shape-keys.ts';

const MATCHER = ['equals', 'contains', 'not-contains', 'matches', 'not-matches'] as const;
const ENDS = ['text', 'output', 'files', 'usage', 'session', 'failure'] as const;
const RESULT = ['stdout', 'stderr', 'exit-code', 'outputs', 'files'] as const;
const DECISION = ['decision', 'comment', 'answers'] as const;

/** The mappings by the names that the schema gives them; the file itself is `''`. */
export const TEST_OWNERS = {
  '': { words: 'a test file', keys: ['workflow', 'tests'] },
  case: {
    words: 'a test',
    keys: [
      ...['name', 'inputs', 'env', 'secrets', 'workspace', 'files', 'replay', 'answers', 'runs', 'gates'],
      ...['timeout', 'expect'],
    ],
  },
  answer: { words: 'an answer', keys: ENDS },
  answers: { words: 'an answer', keys: ENDS },
  usage: { words: '`usage`', keys: ['input-tokens', 'output-tokens', 'cached-tokens', 'usd'] },
  failure: { words: '`failure`', keys: ['reason', 'message', 'retry-after'] },
  result: { words: 'a result', keys: RESULT },
  results: { words: 'a result', keys: RESULT },
  decision: { words: 'a decision', keys: DECISION },
  decisions: { words: 'a decision', keys: DECISION },
  expect: {
    words: '`expect`',
    keys: [...['status', 'message', 'steps', 'order', 'not-run', 'prompts', 'outputs', 'files', 'cost-usd']],
  },
  bounds: { words: '`cost-usd`', keys: ['min', 'max'] },
  step: {
    words: 'what is expected of a step',
    keys: [
      ...['status', 'stdout', 'stderr', 'text', 'output', 'outputs', 'exit-code', 'failure', 'attempts'],
      ...['executions', 'count', 'decision', 'engine', 'model'],
    ],
  },
  expectedFailure: { words: '`failure`', keys: ['reason', 'message'] },
  file: { words: 'what is expected of a file', keys: MATCHER },
  matcher: { words: 'a matcher', keys: MATCHER },
  matchers: { words: 'a matcher', keys: MATCHER },
} as const satisfies Readonly<Record<string, Owner>>;

/** A key that people choose, and the number of an item that may stand behind it. */
const NAMED = '/[^/]*(/\\d+)?$';

/** The first that fits says which mapping stands at a pointer. */
const PLACES: readonly (readonly [RegExp, keyof typeof TEST_OWNERS])[] = [
  [/^$/, ''],
  [/^\/tests\/\d+$/, 'case'],
  [/^\/tests\/\d+\/answers\/.*\/usage$/, 'usage'],
  [/^\/tests\/\d+\/answers\/.*\/failure$/, 'failure'],
  [new RegExp(`^/tests/\\d+/answers${NAMED}`), 'answer'],
  [new RegExp(`^/tests/\\d+/runs${NAMED}`), 'result'],
  [new RegExp(`^/tests/\\d+/gates${NAMED}`), 'decision'],
  [/^\/tests\/\d+\/expect$/, 'expect'],
  [/^\/tests\/\d+\/expect\/cost-usd$/, 'bounds'],
  [/^\/tests\/\d+\/expect\/steps\/[^/]*$/, 'step'],
  [/^\/tests\/\d+\/expect\/steps\/[^/]*\/failure$/, 'expectedFailure'],
  [/^\/tests\/\d+\/expect\/files\/[^/]*$/, 'file'],
  [/^\/tests\/\d+\/expect\//, 'matcher'],
];

/** The mapping that stands at a JSON pointer into a test file. */
export function testOwner(pointer: string): Owner | undefined {
  const place = PLACES.find(([pattern]) => pattern.test(pointer));
  return place === undefined ? undefined : TEST_OWNERS[place[1]];
}
