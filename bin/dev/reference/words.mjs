// Holds what the reference says of functions, contexts and places, in words; the page fails where one is missing.

/** The arguments of functions, as they are written. */
export const ARGUMENTS = {
  contains: 'where, what',
  startsWith: 'text, start',
  endsWith: 'text, end',
  format: 'text, …',
  join: 'list, between',
  toJSON: 'value',
  fromJSON: 'text',
  case: 'condition, value, …, otherwise',
  hashFiles: 'glob, …',
  changed: 'glob, …',
};

/** Function → what it says, and calls whose results are shown. */
export const FUNCTION_WORDS = {
  contains: [
    'Whether a text has a part, or a list an item; case does not matter.',
    "contains('Hello', 'ell')",
  ],
  startsWith: ['Whether a text begins so; case does not matter.', "startsWith('v1.2', 'v')"],
  endsWith: ['Whether a text ends so; case does not matter.', "endsWith('a.ts', '.ts')"],
  format: ['Fills a text in: `{0}` is the second argument.', "format('{0} of {1}', 2, 5)"],
  join: [
    'The items of a list as a text, with `,` or what is said between.',
    "join(fromJSON('[1,2]'), ' and ')",
  ],
  toJSON: ['A value as JSON.', "toJSON('a')"],
  fromJSON: ['The value that a JSON text is.', "fromJSON('[1, 2]')[1]"],
  case: [
    'The value behind the first condition that holds, else the last argument.',
    "case(1 > 2, 'a', 2 > 1, 'b', 'c')",
  ],
  hashFiles: [
    'A SHA-256 over the contents of the files that fit; the empty text where none does. `!` takes away.',
  ],
  changed: ['Whether the run has changed a file that fits, by whomever. `!` takes away. Needs git.'],
  success: ['In `if` alone: whether every need succeeded, was skipped, or failed with `continue-on-error`.'],
  failure: ['In `if` alone: whether a step that this one comes after, at whatever distance, failed.'],
  always: ['In `if` alone: true, also where needs failed.'],
  canceled: ['In `if` alone: whether the run was canceled. `cancelled()` is the same.'],
};

/** Literals and operators: how they are written, what they are, and examples. */
export const OPERATORS = [
  [
    "`'text'`, `12`, `1.5e3`, `0xff`, `true`, `false`, `null`",
    'values; a quote in a text is doubled',
    "'it''s'",
    '0xff',
  ],
  ['`( )`', 'what belongs together', '!(1 == 2)'],
  [
    "`.name`, `['name']`, `[0]`, `.*`",
    'a property, an item, the property of each',
    'fromJSON(\'{"a":[5,6]}\').a[1]',
  ],
  ['`!`', 'not; `false`, `0`, the empty text and null count as false', "!''"],
  [
    '`<`, `<=`, `>`, `>=`',
    'order, of two numbers or two texts; anything else fails the step with `condition`',
    '2 < 10',
    "'a' < 'b'",
  ],
  ['`==`, `!=`', 'equality; of texts without regard to case, never between types', "'A' == 'a'", "'1' == 1"],
  ['`&&`', 'the first value that counts as false, else the last', "'a' && 'b'"],
  ['`||`', 'the first value that counts as true, else the last', "'' || 'b'"],
];

/** Context → what it is; what it holds is added where that is the same in every workflow. */
export const CONTEXT_WORDS = {
  inputs: 'what the workflow declares under `inputs`; null where an optional one is not given',
  run: 'the run; `status` under `finally` alone',
  workflow: 'the file',
  git: 'the repository as the run found it; null without one',
  env: 'what `env` and `env-file` declare, nothing else',
  steps: 'steps, [below](#what-can-be-read-of-a-step)',
  loop: '`index`, from 1, and `previous.steps.<id>`, the iteration before, with everything null in the first',
  matrix: 'the values of the instance, by the names of the axes',
  secrets: 'what the workflow declares under `secrets`',
  github: 'what GitHub Actions sets; empty texts elsewhere, and `event` of no known shape',
};

/** Place → the key that it is, as the reader knows it. */
export const PLACE_WORDS = {
  if: '`if`',
  env: '`env` of a step',
  'workflow-env': '`env` of the workflow',
  prompt: '`prompt`',
  system: '`system`',
  model: '`model`',
  'working-directory': '`working-directory`',
  artifacts: '`artifacts`',
  concurrency: '`concurrency` of a step',
  group: '`group`',
  run: '`run`',
  rubric: '`rubric`',
  message: '`message`',
  show: '`show`',
  'approve-if': '`approve-if`',
  require: '`require`',
  until: '`until`',
  while: '`while`',
  matrix: '`matrix`',
  with: '`with`',
  outputs: '`outputs` of the workflow',
};

/** Kind of step → what it is called in the table of what can be read of it. */
export const STEP_WORDS = {
  run: '`run`',
  prompt: '`prompt`; `output` where it has a schema',
  gate: '`gate`; `output` where it has `fields`',
  loop: '`loop`',
  reduce: '`reduce`',
  uses: '`uses`',
};
