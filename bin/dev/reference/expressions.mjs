// Writes what the reference says of expressions, from the tables that the checker goes by.
import { ARGUMENTS, CONTEXT_WORDS, FUNCTION_WORDS, OPERATORS, PLACE_WORDS, STEP_WORDS } from './words.mjs';

/** The sections about expressions. `language` is what the room exports. */
export function expressionSections(language, codes) {
  const { CONTEXTS, READABLE, SIGNATURES } = language;
  const functions = SIGNATURES.filter(({ name }) => name !== 'cancelled');
  same(
    'functions',
    functions.map(({ name }) => name),
    Object.keys(FUNCTION_WORDS),
  );
  same('contexts', CONTEXTS, Object.keys(CONTEXT_WORDS));
  same('places', Object.keys(READABLE), Object.keys(PLACE_WORDS));
  return [
    '## Expressions',
    OPENING,
    `Diagnostics: ${codes.map((code) => `[\`${code}\`](errors.md#${code})`).join(', ')}.`,
    '### Values and operators',
    table(
      ['', 'is', 'such as'],
      OPERATORS.map(([sign, is, ...calls]) => [sign, is, evaluated(calls, language)]),
    ),
    'They bind in the order of the table, the first one closest.',
    '### Functions',
    table(
      ['function', 'gives', 'says', 'such as'],
      functions.map((one) => functionRow(one, language)),
    ),
    '### Contexts',
    table(
      ['context', 'holds'],
      CONTEXTS.map((name) => [`\`${name}\``, holds(name, language)]),
    ),
    '### What can be read where',
    table(['in', 'can be read'], readableRows(language)),
    WHERE,
    '### What can be read of a step',
    table(['of', '`steps.<id>.…`'], stepRows(language)),
    STEPS,
  ].join('\n\n');
}

const OPENING = `An expression stands in \`\${{ }}\` inside a text, or bare where a key takes nothing else: \`if\`, \`until\`, \`while\`, \`approve-if\`,
\`require\`, \`outputs\` of the workflow, and the items of \`show\`. A text that is exactly one \`\${{ }}\` keeps its type. The language is that of
GitHub Actions, with two deviations: values of different types are never equal, and have no order. There is no arithmetic. A
literal \`\${{\` is written as \`\${{ '\${{' }}\`. What cannot be read, or can never hold, is said before anything runs.`;

const WHERE = `Beside these, \`matrix\` can be read in a step with a \`matrix\` and in the body of such a loop, but not in its \`if\`, and \`loop\` in the body of a
loop, in its \`until\` and \`while\`. \`secrets\` can be read in \`env\` alone. Of \`steps\` there are those that are certain to have ended; under
\`finally\` and in \`outputs\` all.`;

const STEPS = `\`status\` is always there; everything else is null where the step did not run. \`duration\` is in milliseconds, \`stdout\` and \`stderr\` are the
last 64 KiB. Of a step with a \`matrix\` there is \`instances\`, a list with one of these each. Behind a loop, \`steps.<id>\` of a step in its
body is the last execution, and \`steps.<id>.executions\` are all.`;

function functionRow({ name, gives, ...signature }, language) {
  const [says, ...calls] = FUNCTION_WORDS[name];
  const never = [...language.NO_LOOK].map((place) => PLACE_WORDS[place]).join(', ');
  const told = [
    says,
    ...(name === 'changed' ? [`Not in ${never}.`] : []),
    takesWords({ name, gives, ...signature }, language),
  ];
  return [
    `\`${name}(${ARGUMENTS[name] ?? ''})\``,
    typeWords(gives, language),
    told.join(' ').trim(),
    evaluated(calls, language),
  ];
}

// An example that is computed here cannot be wrong.
function evaluated(calls, { evaluate }) {
  return calls
    .map((text) => {
      const scope = { contexts: {}, functions: {} };
      const done = evaluate({ text, at: { start: 0, end: 0 } }, scope);
      if (!done.ok) throw new Error(`${text}: ${done.error}`);
      return `\`${text}\` → \`${JSON.stringify(done.value)}\``;
    })
    .join('<br>');
}

function takesWords(signature, { takes }) {
  return signature.max === 0 ? '' : `Takes ${takes(signature)}.`;
}

function typeWords(type, { inWords }) {
  return type.kinds === 63 ? 'any value' : inWords(type);
}

function holds(name, { sharedContexts }) {
  const none = { inputs: {}, secrets: [] };
  const members = sharedContexts(none, true).get(name)?.members;
  const names = members === undefined || members.size === 0 ? [] : [...members.keys()];
  const listed = names.map((each) => `\`${each}\``).join(', ');
  return listed === '' ? CONTEXT_WORDS[name] : `${CONTEXT_WORDS[name]}: ${listed}`;
}

// Places in which the same can be read share a row.
function readableRows({ READABLE, SAFE, CONTEXTS }) {
  const rows = new Map();
  for (const [place, contexts] of Object.entries(READABLE)) {
    const listed = CONTEXTS.filter((name) => contexts.has(name)).map((name) => `\`${name}\``);
    const what =
      place === 'run'
        ? `${[...SAFE].map((path) => `\`${path}\``).join(', ')}, \`hashFiles()\`, values of a \`matrix\` that stand in the file`
        : listed.join(', ');
    rows.set(what, [...(rows.get(what) ?? []), PLACE_WORDS[place]]);
  }
  return [...rows].map(([what, places]) => [places.join(', '), what]);
}

function stepRows({ typeOfStep }) {
  const common = [...typeOfStep(stub('loop')).members.keys()].filter((name) => name !== 'count');
  return [
    ['every step', listed(common)],
    ...Object.entries(STEP_WORDS).map(([kind, words]) => {
      const own = [...typeOfStep(stub(kind)).members.keys()].filter((name) => !common.includes(name));
      return [words, listed(own)];
    }),
  ];
}

const listed = (names) => names.map((name) => `\`${name}\``).join(', ');

function stub(kind) {
  const schema = { type: 'object' };
  return {
    kind,
    id: 'x',
    outputs: {},
    output: schema,
    options: ['approve'],
    fields: { x: { type: 'string' } },
    mode: 'compare',
    part: { outputs: {} },
  };
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function same(what, there, told) {
  const missing = there.filter((name) => !told.includes(name));
  const gone = told.filter((name) => !there.includes(name));
  if (missing.length + gone.length > 0)
    throw new Error(
      `bin/dev/reference/words.mjs tells of other ${what}: ${[...missing, ...gone].join(', ')}`,
    );
}
