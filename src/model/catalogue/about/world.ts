/** Says at length what the diagnostics about what a workflow needs around it mean, for `docs/errors.md` and for editors. */

export const WORLD_ABOUT = {
  'no-git':
    'An agent with `access: write` or `full` is undone with git, and there is no repository here. Run `git init`, or give up the undo.',
  'isolation-needs-git':
    'An isolated step works in a git worktree, and there is no repository here. Run `git init`, or let the steps work in the directory as it is.',
  'missing-file':
    'A file that is named is not there, or cannot be read. Prompts and schemas are relative to the workflow file, `env-file`, `copy` and `link` to the root of the repository. A path under `copy` or `link` is an error only where no step runs before the one that needs it; a glob under `copy` may match nothing yet.',
  'copy-not-there-yet':
    'A path under `copy` or `link` is not there, and a step that runs before may make it, as `npm ci` makes `node_modules`. It is looked for when the step starts; if it is missing then, the attempt fails with the reason `config`. A `?` at the end says that it may be missing.',
  'outside-workspace': 'A path leads out of the repository.',
  'bad-schema-file': '`output` names a file that holds no JSON Schema.',
  'bad-schema':
    '`output` holds something that is no JSON Schema. A comma in `{ … }` is a common cause: YAML takes what follows it as another key.',
  'engine-cannot':
    'The engine has no way to do what the key asks for. [engines.md](engines.md) lists what each can.',
  'unknown-tool':
    'A rule under `tools` names a tool that the engine is not known to have: one that is misspelled under `deny` forbids nothing. Names are the engine’s own, and their case counts. Tools of MCP servers are not looked at, and neither are names with a `*`. Where the engine does have the tool, since it is newer or a plugin brings it, a comment that [ignores](validate.md) the warning says so.',
  'engine-declaration':
    'What the configuration says of an engine of your own does not make one. [engines.md](engines.md#an-engine-of-your-own) says what each key does.',
  'access-not-declared':
    'An engine of your own has the levels of `access` that the configuration declares, and no others: what would hold it to them is not known. An empty list says that it needs no argument.',
  'unknown-cost':
    'A budget in `usd` binds nothing where nobody knows what an attempt costs. An engine that does not report it needs a price for its model under `prices` in the configuration, or the budget says `allow-unknown-cost: true`; costs are then shown as unknown, and only `tokens` and `time` bind. A limit in `usd` of a [policy](workflow.md#policy) is lifted by that policy alone.',
  'engine-steered':
    'Engines read settings of the workspace, too. A file there may name another server for the requests of the model; your key goes with them, whatever your own settings say. Nothing keeps the engine from it. Where that server is meant, a comment that [ignores](validate.md) the warning says so. [engines.md](engines.md#files-of-the-workspace-that-engines-follow) lists the files.',
  'budget-between-attempts':
    'A limit in `usd` of a step, an agent or a used workflow, or one of the run with `on-exceed: fail`, ends an attempt that spends more, where the engine tells what it costs while it works or holds itself to a limit. This one tells it at the end: an attempt may spend any amount, and what follows it does not begin.',
  'budget-uncounted':
    'A budget counts what engines say of themselves. The configuration does not say where this one tells what it used, so for it nothing is counted, and the limit is never reached.',
  'policy-denies':
    'The `policy` of the repository’s configuration, or the user’s own in `~/.config/codemachine/policy.yml`, does not allow what the step asks for. The message names the line that says so; where several do, the most restrictive holds.',
  'diff-needs-git':
    'A gate shows what the run has changed, which only git knows, and there is no repository here.',
  'changed-needs-git':
    '`changed(globs…)` compares the tree with the one in which the run was begun. Only git knows that one.',
  'cache-needs-git':
    'A step with `cache` may change files of the shared tree. What it changed is put back when its result is used again, and only git can tell what that was. Without a repository, only agents with `access: read` may have a `cache`.',
  'cache-in-session':
    'An agent that goes on in a session knows what was said there before. Its result does not follow from what it is told now, so it cannot be taken from the cache.',
} as const;
