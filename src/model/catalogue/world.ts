/** Holds the words of the diagnostics about what a workflow needs from the machine it runs on. */
import { error, warning } from './entry.ts';

export const WORLD_CODES = {
  'no-git': error<{ step: string }>(
    ({ step }) => `\`${step}\` writes to the workspace, which can only be undone in a git repository`,
    () => 'run `git init` here, or write `undo: never` on the step',
  ),
  'isolation-needs-git': error<object>(
    () => 'an isolated step works in a git worktree, and there is no git repository here',
    () =>
      'run `git init` here, or take `isolated` out: steps then work in this directory, one writer after the other',
  ),
  'diff-needs-git': error<object>(
    () => 'what a run has changed is only known in a git repository, and there is none here',
    () => 'run `git init` here, or take `diff` out of what is shown',
  ),
  'changed-needs-git': error<object>(
    () =>
      '`changed()` asks for what the run has changed, which only git knows, and there is no git repository here',
    () => 'run `git init` here, or take it out; `hashFiles()` tells two states of files apart',
  ),
  'cache-needs-git': error<{ step: string }>(
    ({ step }) =>
      `\`${step}\` may change files, which only git knows, and there is no git repository here: its result could not be used again`,
    () => 'run `git init` here, or take `cache` out',
  ),
  'cache-in-session': error<object>(
    () =>
      'an agent that goes on in a session does not come from what it is told alone, so its result cannot be used again',
    () => 'take out `cache`, or `session`',
  ),
  'missing-file': error<{ file: string; problem: string; help: string }>(
    ({ file, problem }) => `\`${file}\` cannot be read: ${problem}`,
    ({ help }) => help,
  ),
  'copy-not-there-yet': warning<{ file: string; key: string; used: boolean; instead: string }>(
    ({ file, key, used }) =>
      `\`${file}\` is not there now; ${used ? 'it is looked for when the step starts, and the attempt fails if no step has made it by then' : `\`${key}\` stands under \`defaults\`, and no step takes it over yet`}`,
    ({ instead }) => `write \`"${instead}"\` if it may be missing`,
  ),
  'outside-workspace': error<{ key: string; value: string }>(
    ({ key, value }) => `${key} \`${value}\` leads out of the workspace`,
    () => 'write a path below the root of the workspace, without `..` or a leading `/`',
  ),
  'bad-schema-file': error<{ file: string; problem: string }>(
    ({ file, problem }) => `\`${file}\` is not a JSON Schema: ${problem}`,
    () => 'write one JSON object into it: `{ "type": "object", "properties": { … } }`',
  ),
  'bad-schema': error<{ problem: string }>(
    ({ problem }) => `\`output\` is not a JSON Schema: ${problem}`,
    () => 'write it as JSON Schema 2020-12; in `{ a: b, c }` YAML takes what follows a comma as another key',
  ),
  'engine-cannot': error<{ engine: string; key: string; able: readonly string[]; declare?: string }>(
    ({ engine, key }) => `${engine} cannot honour \`${key}\` as this step asks for it`,
    ({ able, key, declare }) =>
      declare !== undefined
        ? `take \`${key}\` out, or declare ${declare} in the configuration`
        : able.length === 0
          ? `no engine can do all that this step asks for; take \`${key}\` out`
          : `take \`${key}\` out, or use an engine that can: ${able.join(', ')}`,
  ),
  'unknown-tool': warning<{
    engine: string;
    tool: string;
    list: 'allow' | 'deny';
    near: string | undefined;
    known: readonly string[];
  }>(
    ({ engine, tool, list }) =>
      `${engine} is not known to have a tool \`${tool}\`: its name under \`${list}\` ${list === 'deny' ? 'forbids' : 'opens'} nothing`,
    ({ near, known }) =>
      near === undefined
        ? `write it as the engine does, such as ${known.slice(0, 3).join(', ')}`
        : `did you mean \`${near}\`?`,
  ),
  'unknown-cost': error<{ engine: string; model?: string; by?: string }>(
    ({ engine, model, by }) =>
      `${engine} does not report what it costs, and there is no price for ${model === undefined ? 'the model that it takes by itself' : `\`${model}\``}, so ${by === undefined ? 'a budget in `usd`' : `the limit in \`usd\` of the policy (${by})`} would not bind it`,
    ({ model, by }) =>
      `${model === undefined ? 'name the `model`, with its price' : 'write its price'} under \`prices\` in the configuration; or write \`allow-unknown-cost: true\` ${by === undefined ? 'in the budget, which is then bound by `tokens` and `time` alone' : `beside \`usd\` in the policy, which the workflow cannot lift: that engine is then bound by \`tokens\` and \`time\` alone`}`,
  ),
  'engine-steered': warning<{ engine: string; file: string; says: string }>(
    ({ engine, file, says }) =>
      `\`${file}\` says where requests go (\`${says}\`), and ${engine} carries its key there`,
    () => 'look whether that server is yours, or take it out of the file',
  ),
  'budget-between-attempts': warning<{ engine: string }>(
    ({ engine }) =>
      `${engine} says what it used when it has ended, so the limit in \`usd\` ends no attempt: it holds between attempts alone`,
    () =>
      'bound each attempt with `timeout` or `max-turns`, or use an engine that says what it costs while it works',
  ),
  'budget-uncounted': warning<{ engine: string }>(
    ({ engine }) => `${engine} does not say what it used, so the limit in \`tokens\` does not bind it`,
    ({ engine }) =>
      `let \`engines.${engine}.map\` in the configuration say where its lines tell it, or bound it with \`time\``,
  ),
  'policy-denies': error<{ key: string; asked: string; allowed: string; from: string }>(
    ({ key, asked, from }) => `the policy does not allow \`${key}: ${asked}\` (${from})`,
    ({ key, allowed }) =>
      key === 'access'
        ? `write \`access: ${allowed}\`, or less`
        : `use ${allowed === '' ? 'no engine' : allowed}`,
  ),
};
