/** Holds the words of the diagnostics about expressions. */
import { error, slipOf, warning } from './entry.ts';

function didYouMean(near: string | undefined): string | undefined {
  return near === undefined ? undefined : `did you mean \`${near}\`?`;
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}

const MOST_LISTED = 12;

function stepIds(id: string, known: readonly string[]): string {
  if (known.length === 0) return `give the step that is meant \`id: ${id}\``;
  return `ids are ${list(known.slice(0, MOST_LISTED))}${known.length > MOST_LISTED ? ', …' : ''}`;
}

const SYNTAX_CODES = {
  'expression-syntax': error<{ found: string; hint?: string }>(
    ({ found }) =>
      found === ''
        ? 'the expression ends before it is complete'
        : `\`${found}\` is not expected at this place`,
    ({ found, hint }) =>
      hint ??
      (found === '' ? 'write what is still missing after it' : 'take it out, or put a text in single quotes'),
  ),
  'expression-limit': error<{ what: string; limit: number }>(
    ({ what, limit }) => `an expression may have at most ${limit} ${what}`,
    () => 'let a `run` step compute it and declare the result under its `outputs:`',
  ),
  'empty-expression': error<{ fence: boolean }>(
    ({ fence }) => (fence ? 'there is nothing between `${{` and `}}`' : 'the expression is empty'),
    ({ fence }) =>
      fence ? "a literal `${{` is written `${{ '${{' }}`" : 'write a condition, or leave the key out',
  ),
  'open-fence': error<Record<string, never>>(
    () => '`${{` is not closed by `}}`',
    () => "close it; a literal `${{` is written `${{ '${{' }}`",
  ),
  'text-around-fence': error<Record<string, never>>(
    () => 'text around `${{ }}` makes this a text, and as a condition a text is always true',
    () => 'write the whole expression bare, or inside one `${{ }}` with nothing around it',
  ),
  'several-fences': error<{ count: number }>(
    ({ count }) => `${count} times \`\${{ }}\` makes this a text, and as a condition a text is always true`,
    () => 'join them into one expression with `&&` or `||`',
  ),
  'fence-newline': error<Record<string, never>>(
    () => 'the block scalar ends in a line end after `}}`, which would make this a text that is always true',
    () => 'write `|-` or `>-`, or put the expression on the line of its key',
  ),
};

const NAME_CODES = {
  'unknown-context': error<{ name: string; near?: string; known: readonly string[]; hint?: string }>(
    ({ name, known }) => `\`${name}\` is not known here; known are ${list(known)}`,
    ({ near, hint }) => hint ?? didYouMean(near) ?? 'name one of these',
    ({ name, near, known, hint }) => (hint === undefined ? slipOf(name, near, known) : undefined),
  ),
  'context-not-here': error<{ name: string; key: string; hint?: string }>(
    ({ name, key }) => `\`${name}\` cannot be read in ${key}`,
    ({ hint }) => hint ?? 'read it in `if`, `prompt` or `env` of a step',
  ),
  'unknown-step': error<{ id: string; near?: string; known: readonly string[]; hint?: string }>(
    ({ id }) => `there is no step with the id \`${id}\``,
    ({ id, near, known, hint }) => hint ?? didYouMean(near) ?? stepIds(id, known),
    ({ id, near, known, hint }) => (hint === undefined ? slipOf(id, near, known) : undefined),
  ),
  'step-not-before': error<{ id: string; step: string; hint?: string }>(
    ({ id, step }) => `\`${id}\` is not certain to have ended before \`${step}\` starts`,
    ({ id, hint }) => hint ?? `add \`${id}\` to \`needs\``,
  ),
  'self-reference': error<{ id: string }>(
    ({ id }) => `\`${id}\` cannot read itself: it has no result before it has run`,
    () => 'read a step that ends before this one, or let a later step decide by this one',
  ),
  'unknown-property': error<{
    of: string;
    name: string;
    near?: string;
    known: readonly string[];
    hint?: string;
  }>(
    ({ of, name, known }) =>
      `\`${of}\` has no \`${name}\`${known.length === 0 || known.length > 24 ? '' : `; it has ${list(known)}`}`,
    ({ of, near, known, hint }) =>
      hint ??
      didYouMean(near) ??
      (known.length === 0
        ? `read \`${of}\` itself`
        : `name one that it has, such as ${list(known.slice(0, 1))}`),
    // Which secret goes to a step is never guessed.
    ({ of, name, near, known, hint }) =>
      hint === undefined && of !== 'secrets' ? slipOf(name, near, known) : undefined,
  ),
  'dynamic-index': error<{ of: string }>(
    ({ of }) => `which property of \`${of}\` is meant can only be known at run time, so it cannot be checked`,
    () => 'name the property',
  ),
  'whole-context': error<{ name: string; item: string }>(
    ({ name }) => `\`${name}\` cannot be read as a whole`,
    ({ name, item }) => `name one: \`${name}.${item}\``,
  ),
  'secret-by-env': error<{ name: string; inEnv: boolean }>(
    ({ name }) => `\`env.${name}\` holds a secret, which cannot be read through \`env\``,
    ({ inEnv }) => (inEnv ? 'read `secrets.<name>` itself' : 'let a `run` step read it from its environment'),
  ),
};

const FUNCTION_CODES = {
  'unknown-function': error<{ name: string; near?: string; known: readonly string[] }>(
    ({ name }) => `there is no function \`${name}\``,
    ({ near, known }) => didYouMean(near) ?? `known are ${list(known)}`,
    ({ name, near, known }) => slipOf(name, near?.replace('()', ''), known),
  ),
  'function-not-here': error<{ name: string; key: string }>(
    ({ name, key }) => `\`${name}()\` cannot be called in ${key}`,
    () => 'it decides whether a step runs: call it in `if:`',
  ),
  'changed-not-here': error<{ key: string; shown: boolean }>(
    ({ key }) => `\`changed()\` cannot be called in \`${key}\``,
    ({ shown }) =>
      shown
        ? 'show `diff`: it is looked at again when somebody decides'
        : 'no step looks at the tree there: call it in a step, and read what that came to',
  ),
  arity: error<{ name: string; takes: string }>(
    ({ name, takes }) => `\`${name}\` takes ${takes}`,
    ({ name, takes }) =>
      takes === 'no arguments' ? `write \`${name}()\`` : `write \`${name}(…)\` with ${takes}`,
  ),
};

const TYPE_CODES = {
  'never-equal': error<{ left: string; right: string; operator: string; hint?: string }>(
    ({ left, right, operator }) =>
      `${left} and ${right} are never equal, so \`${operator}\` always gives the same answer`,
    ({ hint }) => hint ?? 'compare two values of one type, or take the comparison out',
  ),
  'never-ordered': error<{ left: string; right: string; operator: string; hint?: string }>(
    ({ left, right, operator }) => `\`${operator}\` cannot order ${left} and ${right}`,
    ({ hint }) => hint ?? 'order two numbers or two texts',
  ),
  'not-a-value': error<{ of: string; value: string; values: readonly string[]; near?: string }>(
    ({ of, value, values }) =>
      `\`${of}\` is never \`${value}\`${values.length > 24 ? '' : `; it can be ${list(values)}`}`,
    ({ of, near }) => didYouMean(near) ?? `compare it with what \`${of}\` can be`,
    ({ value, near, values }) => slipOf(value, near, values),
  ),
  'text-compared': error<{ of: string; step: string }>(
    ({ of }) => `\`${of}\` is an agent's own words, which hardly ever equal a fixed text`,
    ({ step }) =>
      `give \`${step}\` an \`output:\` schema with an \`enum\`, then compare \`steps.${step}.output.…\``,
  ),
};

/** How a value gets into a program without being pasted there. */
export interface Way {
  readonly name: string;
  readonly value: string;
  /** The variable as the program reads it. */
  readonly reference: string;
  /** Whether the variable is there already. */
  readonly declared: boolean;
  /** What else its place asks for. */
  readonly care?: Care | undefined;
}

/** A place in a script where a variable alone is not the way: calculated, obeyed, or not read at all. */
export type Care = 'number' | 'obeyed' | 'single-quotes' | 'quoted-document';

/** The advice to take that way. */
export function byVariable({ name, value, reference, declared, care }: Way): string {
  const first = declared ? '' : `put it in \`env:\` as \`${name}: "${value}"\`, then `;
  switch (care) {
    case 'number':
      return `${first}check it first: \`[[ $${name} =~ ^[0-9]+$ ]] || exit 1\`; what calculates, or wants a name, would run what stands in it`;
    case 'obeyed':
      return `${first}let the program read \`${name}\` from its environment as data: as a word here it would be obeyed from a variable too`;
    case 'single-quotes':
      return `${first}write \`'"$${name}"'\`, which ends the single quotes around it`;
    case 'quoted-document':
      return `${first}write \`$${name}\`, and the delimiter without quotes`;
    default:
      return `${first}write \`${reference}\``;
  }
}

/** What variables decide for the programs that see them. */
export type Power = 'programs' | 'settings' | 'packages' | 'requests' | 'ours';

const POWERS: Readonly<Record<Power, string>> = {
  programs: 'what programs do',
  settings: 'which settings programs take',
  packages: 'how packages are installed',
  requests: 'where requests and their keys go',
  ours: 'what codemachine tells a step',
};

const TAINT_CODES = {
  'data-in-run': error<{ data: string } & Way>(
    ({ data }) => `\`${data}\` is data, which would be pasted into a program`,
    byVariable,
  ),
  'data-in-variable': error<{ data: string; name: string; power: Power }>(
    ({ data, name, power }) =>
      `\`${data}\` is data, which may not choose ${POWERS[power]} through \`${name}\``,
    ({ power }) =>
      power === 'ours'
        ? 'pass the data in a variable of another name'
        : power === 'programs'
          ? 'write a fixed value, or pass the data in a variable of another name'
          : 'write a fixed value, set it where codemachine is started, or pass the data in a variable of another name',
  ),
  'lethal-three': warning<{ step: string; data: string; from: string; secret: string }>(
    ({ step, data, from, secret }) =>
      `\`${step}\` reads \`${data}\`, which strangers may have written (${from}), holds the secret \`${secret}\`, and may reach the network`,
    ({ secret }) =>
      `give \`${secret}\` to a \`run\` step that does what needs it, or say \`network: off\` with an engine that holds to it`,
  ),
  'model-dash': error<{ value: string }>(
    ({ value }) => `the model \`${value}\` starts with \`-\`, so an engine would take it for an option`,
    () => 'write the name of a model',
  ),
};

type ConditionKey = 'if' | 'until' | 'while' | 'require' | 'approve-if';

/** What a condition that is always true means for its step. */
const ALWAYS_TRUE: Readonly<Record<ConditionKey, readonly [means: string, help: string]>> = {
  if: ['it decides nothing', 'take the `if` out, or compare with something that differs'],
  until: [
    'the loop has one iteration',
    'take the loop away, or compare with something that its body changes',
  ],
  while: ['it ends nothing', 'take it out, or say `on-exhausted: continue` where `max` is to end the loop'],
  require: ['it requires nothing', 'take it out, or compare with something that differs'],
  'approve-if': ['nobody is ever asked', 'take the gate out, or compare with something that differs'],
};

/** What a condition that is always false means for its step. */
const ALWAYS_FALSE: Readonly<Record<ConditionKey, readonly [means: string, help: string]>> = {
  if: ['the step never runs', 'take the step out, or mend the condition'],
  until: ['it ends nothing', 'say `on-exhausted: continue` where `max` is to end the loop, or mend it'],
  while: ['the loop has no iteration', 'take the loop out, or mend the condition'],
  require: ['the gate always fails', 'mend the condition'],
  'approve-if': ['it passes nothing', 'take it out, or mend it'],
};

export const EXPRESSION_CODES = {
  'always-true': warning<{ key: ConditionKey }>(
    ({ key }) => `this \`${key}\` is always true: ${ALWAYS_TRUE[key][0]}`,
    ({ key }) => ALWAYS_TRUE[key][1],
  ),
  'always-false': warning<{ key: ConditionKey }>(
    ({ key }) => `this \`${key}\` is always false: ${ALWAYS_FALSE[key][0]}`,
    ({ key }) => ALWAYS_FALSE[key][1],
  ),
  ...SYNTAX_CODES,
  ...NAME_CODES,
  ...FUNCTION_CODES,
  ...TYPE_CODES,
  ...TAINT_CODES,
};
