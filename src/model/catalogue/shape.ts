/** Holds the words of the diagnostics about which keys and values stand where. */
import { error, slipOf, warning } from './entry.ts';
import { byVariable, type Way } from './expression.ts';

type Nearest = { readonly nearest?: string | undefined };

const didYouMean = ({ nearest }: Nearest) =>
  nearest === undefined ? undefined : `did you mean \`${nearest}\`?`;
const list = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(', ');

export const SHAPE_CODES = {
  'not-a-workflow': error<{ got: string }>(
    ({ got }) => `a workflow is a mapping with \`name\` and \`steps\`, and this is ${got}`,
    () => 'start with `name: …`, then `steps:` and a list of steps',
  ),
  'newer-version': error<{ version: string }>(
    ({ version }) => `this file needs codemachine ${version}, which reads version ${version} of the language`,
    () => 'install that one, or write `version: 1` if the file is meant for this one',
  ),
  'unknown-key': error<{ key: string; owner: string; known: readonly string[] } & Nearest>(
    ({ key, owner }) => `\`${key}\` is not a key of ${owner}`,
    ({ nearest, known }) =>
      didYouMean({ nearest }) ?? (known.length === 0 ? 'take it out' : `known are ${list(known)}`),
    ({ key, nearest, known }) => slipOf(key, nearest, known),
  ),
  'missing-key': error<{ key: string; owner: string }>(
    ({ key, owner }) => `${owner} needs \`${key}\``,
    ({ key }) => `add \`${key}: …\``,
  ),
  'wrong-type': error<{
    key: string;
    expected: string;
    got: string;
    help?: string | undefined;
    /** The value as it has to be written, where there can be no doubt. */
    written?: string | undefined;
  }>(
    ({ key, expected, got }) => `${key} must be ${expected}, and this is ${got}`,
    ({ help, expected }) => help ?? `write ${expected}`,
    ({ written }) => (written === undefined ? undefined : { meant: written, among: [] }),
  ),
  'bad-value': error<{ key: string; value: string; allowed: readonly string[] } & Nearest>(
    ({ key, value }) => `${key} cannot be \`${value}\``,
    ({ nearest, allowed }) =>
      didYouMean({ nearest }) ??
      (allowed.length > 8 ? `write one of ${list(allowed.slice(0, 8))}, …` : `write one of ${list(allowed)}`),
    ({ value, nearest, allowed }) => slipOf(value, nearest, allowed),
  ),
  'out-of-range': error<{ key: string; limit: string; better: string }>(
    ({ key, limit }) => `${key} must be ${limit}`,
    ({ better }) => better,
  ),
  empty: error<{ key: string }>(
    ({ key }) => `${key} is empty`,
    () => 'write a value, or leave the key out',
  ),
  'duplicate-item': error<{ key: string; value: string }>(
    ({ key, value }) => `\`${value}\` stands in ${key} twice`,
    () => 'take one of them out',
  ),
  'bad-id': error<{ id: string; better?: string | undefined }>(
    ({ id }) => `\`${id}\` is not an id: small letters, digits and dashes, a letter first`,
    ({ better }) => `write \`${better ?? 'run-tests'}\``,
  ),
  'reserved-id': error<{ id: string }>(
    ({ id }) => `\`${id}\` cannot be the id of a step: what was done about a conflict is recorded under it`,
    () => 'choose another one',
  ),
  'unknown-input': error<{ input: string; file: string; known: readonly string[]; near?: string }>(
    ({ input, file, known }) =>
      `${file} has no input \`${input}\`${known.length === 0 ? ': it has none' : `; it has ${list(known)}`}`,
    ({ near }) => didYouMean({ nearest: near }) ?? 'take it out, or declare it there under `inputs:`',
    ({ input, near, known }) => slipOf(input, near, known),
  ),
  'missing-input': error<{ input: string; file: string }>(
    ({ input, file }) => `${file} requires the input \`${input}\`, and is not given it`,
    ({ input }) => `write \`${input}: …\` under \`with:\``,
  ),
  'bad-input': error<{ input: string; problem: string }>(
    ({ input, problem }) => `the input \`${input}\` cannot be this: ${problem}`,
    () => 'give it a value of its type, or change its `type` where it is declared',
  ),
  'bad-name': error<{ name: string; owner: string; better?: string }>(
    ({ name, owner }) => `\`${name}\` cannot be a name in ${owner}`,
    ({ better }) =>
      better === undefined
        ? 'use letters, digits, `_` and `-`, not a digit or `-` first'
        : `write \`${better}\`: small letters, digits and dashes, a letter first`,
  ),
  'bad-variable': error<{ name: string }>(
    ({ name }) => `\`${name}\` cannot be the name of an environment variable`,
    () => 'use letters, digits and `_`, not a digit first',
  ),
  'bad-duration': error<{ key: string; value: string; better?: string | undefined; sure?: boolean }>(
    ({ key, value }) => `${key} cannot be \`${value}\`: it is a duration, a number with a unit`,
    ({ better }) => (better === undefined ? 'write `90s`, `30m`, `2h` or `1h30m`' : `write \`${better}\``),
    ({ better, sure }) => (better === undefined || sure !== true ? undefined : { meant: better, among: [] }),
  ),
  'bad-tokens': error<{ key: string; value: string }>(
    ({ key, value }) => `${key} cannot be \`${value}\`: it is a number of tokens`,
    () => 'write `500000`, `500k` or `2M`',
  ),
  'no-kind': error<{ nearest?: string | undefined }>(
    () => 'this step does nothing: it has no `run` and no `prompt`',
    ({ nearest }) => didYouMean({ nearest }) ?? 'add `run: <command>` or `prompt: <text>`',
  ),
  'two-kinds': error<{ first: string; second: string }>(
    ({ first, second }) => `a step has one kind, and this one has \`${first}\` and \`${second}\``,
    () => 'make two steps of it',
  ),
  'wrong-kind-key': error<{ key: string; belongs: readonly string[]; kind: string }>(
    ({ key, belongs, kind }) =>
      `\`${key}\` belongs to ${list(belongs)} steps, and this is a \`${kind}\` step`,
    ({ kind }) => `take it out, or move it to a step without \`${kind}\``,
  ),
  'not-in-finally': error<{ key: string }>(
    ({ key }) => `\`${key}\` cannot stand under \`finally\``,
    ({ key }) =>
      key === 'needs'
        ? 'take it out: these steps run in the order they are written in'
        : 'use `run`, `prompt` or `uses` here',
  ),
  'duplicate-id': error<{ id: string }>(
    ({ id }) => `there is another step with the id \`${id}\``,
    () => 'give each step an id of its own; ids are unique in a file',
  ),
  'unknown-need': error<{ id: string; inside?: string | undefined; known: readonly string[] } & Nearest>(
    ({ id }) => `there is no step \`${id}\` to wait for`,
    ({ id, inside, nearest }) =>
      inside === undefined
        ? (didYouMean({ nearest }) ?? 'write the `id` of a step of this list')
        : `\`${id}\` is inside \`${inside}\`: wait for that`,
    ({ id, inside, nearest, known }) => (inside === undefined ? slipOf(id, nearest, known) : undefined),
  ),
  'self-need': error<{ id: string }>(
    ({ id }) => `\`${id}\` waits for itself`,
    () => 'take it out of its own `needs`',
  ),
  'need-without-id': error<{ id: string }>(
    ({ id }) => `\`${id}\` is an id made from a name, which \`needs\` cannot use`,
    ({ id }) => `write \`id: ${id}\` on that step`,
  ),
  'unknown-agent': error<{ agent: string; declared?: boolean; known: readonly string[] } & Nearest>(
    ({ agent }) => `there is no agent \`${agent}\``,
    ({ nearest, declared }) =>
      didYouMean({ nearest }) ??
      (declared === true
        ? 'declare it under `agents:`'
        : 'declare it under `agents:`, or write `engine:` on the step'),
    ({ agent, nearest, known }) => slipOf(agent, nearest, known),
  ),
  'no-engine': error<object>(
    () => 'nothing says which engine does this step',
    () => 'write `engine: claude-code` or `engine: codex` here, on its agent, or under `defaults`',
  ),
  'unknown-engine': error<{ engine: string; known: readonly string[] } & Nearest>(
    ({ engine }) => `there is no engine \`${engine}\``,
    ({ nearest, known }) => didYouMean({ nearest }) ?? `write one of ${list(known)}`,
    ({ engine, nearest, known }) => slipOf(engine, nearest, known),
  ),
  'engine-from-data': error<{ key: string; choice: boolean }>(
    ({ key }) => `\`${key}\` is chosen by data here, and data never chooses who may act`,
    ({ key, choice }) =>
      choice
        ? `write the ${key} out; an input may choose it at the \`${key}\` of a step, where it is a \`choice\` that is \`required\` or has a default`
        : `write the ${key} out, or make the input a \`choice\``,
  ),
  'static-key': error<{ key: string; way?: Way }>(
    ({ key }) => `${key} takes no \`\${{ }}\`: it is fixed before the run starts`,
    ({ way }) => (way === undefined ? 'write the value out' : byVariable(way)),
  ),
  'bad-default': error<{ name: string; problem: string; better: string }>(
    ({ name, problem }) => `the default of \`${name}\` does not fit: ${problem}`,
    ({ better }) => better,
  ),
  'no-options': error<{ name: string }>(
    ({ name }) => `\`${name}\` is a choice without options`,
    () => 'add `options: [one, another]`',
  ),
  'options-without-choice': error<{ name: string; type: string }>(
    ({ name, type }) => `\`${name}\` is a ${type}, and only a choice has options`,
    () => 'write `type: choice`, or take the options out',
  ),
  'bad-shell': error<{ shell: string } & Nearest>(
    ({ shell }) => `\`${shell}\` is not a shell`,
    ({ nearest, shell }) =>
      `${didYouMean({ nearest }) ?? 'known are `bash`, `sh`, `pwsh`, `python` and `node`;'} any other is written with the script's place: \`${shell} {0}\``,
  ),
  'mcp-server-kind': error<{ name: string; both: boolean }>(
    ({ name, both }) =>
      both
        ? `the MCP server \`${name}\` has a \`command\` and a \`url\``
        : `the MCP server \`${name}\` has no \`command\` and no \`url\``,
    () => 'write `command` for a program, or `url` for a server elsewhere',
  ),
  'access-unsaid': warning<object>(
    () =>
      'nothing says how far this agent may reach, so it only reads: asked to change a file it ends well and changes nothing',
    () => 'write `access: write` if it edits files, `access: read` if it does not',
  ),
  'isolated-only': error<{ keys: readonly string[]; said: boolean }>(
    ({ keys }) =>
      `${list(keys)} ${keys.length === 1 ? 'belongs' : 'belong'} to a tree of its own, and this is the shared one`,
    ({ said }) => (said ? 'write `mode: isolated`, or take the other keys out' : 'add `mode: isolated`'),
  ),
  'never-merged': error<{ apart: boolean }>(
    () => '`on-conflict` says what becomes of a merge, and with `merge: never` there is none',
    ({ apart }) =>
      apart
        ? 'write `merge: auto` beside it, since `defaults` says `merge: never`, or take it out'
        : 'take one of the two out',
  ),
  'reserved-path': error<{ key: string; value: string; why: string }>(
    ({ key, value, why }) => `\`${key}\` cannot take \`${value}\`: it ${why}`,
    ({ key }) =>
      key === 'artifacts' || key === 'show'
        ? 'name files that the step makes, such as `coverage/**`'
        : key === 'cache.inputs'
          ? 'name the files that the step reads, such as `src/**`'
          : `name what git ignores and the step needs, such as \`${key === 'copy' ? '.env' : 'node_modules'}\``,
  ),
  'bad-glob': error<{ glob: string; problem: string; help: string }>(
    ({ glob, problem }) => `\`${glob}\` cannot be matched: ${problem}`,
    ({ help }) => help,
  ),
  'resolver-only-reads': error<{ agent: string; said: boolean }>(
    ({ agent, said }) =>
      `\`${agent}\` is to resolve conflicts, and ${said ? 'may only read' : 'nothing says that it may write'}`,
    ({ agent }) => `write \`access: write\` on the agent \`${agent}\`, or name one that has it`,
  ),
  'unknown-axis': error<{ axis: string; known: readonly string[]; near?: string }>(
    ({ axis, known }) =>
      `\`exclude\` names the axes of its matrix, and \`${axis}\` is none${known.length === 0 ? '' : `; they are ${known.map((name) => `\`${name}\``).join(', ')}`}`,
    ({ near }) => (near === undefined ? 'take it out' : `did you mean \`${near}\`?`),
  ),
  'undo-says-nothing': warning<object>(
    () =>
      '`undo` says nothing of an isolated step: its attempts fail in trees of their own, which are taken away',
    () => 'take it out; `merge: never` keeps the change of a step that succeeds out of the checkout',
  ),
};
