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
  'diff-needs-git':
    'A gate shows what the run has changed, which only git knows, and there is no repository here.',
} as const;
