// Writes the page of the commands from their manifest.

const OPENING = `# Reference: commands

Every command with its arguments and flags; written by \`npm run commands-page\` from what \`--help\` says. What they are for is told in
[runs](../runs.md), [after a run](../commands.md), [validate](../validate.md) and [testing](../testing.md). Each takes \`--help\`.

\`<run>\` is a run id, the beginning of one, \`@last\` or \`@failed\`.`.replaceAll('](../', '](');

/** What each variable is for, of those that the program reads itself. */
const VARIABLES = {
  CODEMACHINE_STATE_DIR: 'where runs are kept, as `--state-dir`, which wins over it',
  CODEMACHINE_BUNDLE_KEY:
    'the key with which `export` encrypts and `import` reads a file; set and empty, it is refused',
  CODEMACHINE_NO_CACHE: 'anything but nothing: every step is made, as with `run --no-cache`',
  CODEMACHINE_MARK: 'set by us for the children of a run: decisions are refused to who has it',
  CODEMACHINE_OUTPUT: 'set by us for steps: the file that outputs are written to',
  CODEMACHINE_ACTION: 'set by our action of GitHub Actions: nothing but the runner reads what is printed',
  CODEMACHINE: 'set by us for steps: `1`',
  CODEMACHINE_WORKSPACE: 'set by us for steps: where they work',
  CODEMACHINE_RUN: 'set by us for steps: the run',
  CODEMACHINE_STEP: 'set by us for steps: the step, as a run counts it',
  CODEMACHINE_ATTEMPT: 'set by us for steps: which attempt it is',
  PATH: 'where engines and git are looked for',
  HOME: 'below it lie your own configuration and what engines keep',
  XDG_CONFIG_HOME: 'where your own configuration lies; default: `~/.config`',
  XDG_CACHE_HOME: 'where worktrees of isolated steps lie; default: `~/.cache`',
  TMPDIR: 'where files lie that live no longer than a command',
  USER: 'who decides at a gate, where the system does not say it',
  SHELL: 'the shell that `completion` is for, where none is named',
  TERM: '`dumb`: no colours, and nothing that moves',
  NO_COLOR: 'anything but nothing: no colours',
  FORCE_COLOR: 'colours where there is no terminal too; `0`: none',
  CI: 'anything but nothing: nobody is asked anything',
  GITHUB_ACTIONS: '`true`: the log, annotations and the job summary of [GitHub Actions](github.md)',
  GITHUB_WORKSPACE: 'the checkout, to which annotations are relative',
  GITHUB_EVENT_PATH: 'the event that `github.event` is read from',
  'GITHUB_…':
    'what else of `github` can be read in [expressions](reference.md#contexts): `GITHUB_REPOSITORY` is `github.repository`',
  GITHUB_OUTPUT: 'the file of the outputs of a step of GitHub Actions',
  GITHUB_STEP_SUMMARY: 'the file of the summary of a job',
};

/** The page. `printed` says which schemas describe what a command prints with `--json`. */
export function commandsPage({ commands }, printed) {
  const names = Object.keys(commands).sort();
  const contents = names.map((name) => `[\`${name}\`](#${name})`).join(', ');
  const sections = names.map((name) => sectionOf(commands[name], printed[name]));
  return `${[OPENING, contents, ...sections, environment()].join('\n\n')}\n`;
}

function sectionOf(command, printed) {
  const { id, summary, description, examples = [], args, flags, strict } = command;
  const example = exampleLines(examples)
    .map((one) => filled(one, id))
    .join('\n');
  return [
    `## ${id}`,
    summary,
    ...(description === undefined ? [] : [description]),
    ...(example === '' ? [] : [`\`\`\`sh\n${example}\n\`\`\``]),
    ...(command.usage === undefined ? [] : [`Usage: \`${filled(command.usage, id)}\``]),
    ...tableOf(
      'argument',
      Object.values(args ?? {}).map((arg) => argumentRow(arg, strict)),
    ),
    ...tableOf('flag', Object.values(flags ?? {}).map(flagRow)),
    ...(printed === undefined ? [] : [`With \`--json\` it prints ${printed.map(schemaLink).join(', or ')}.`]),
  ].join('\n\n');
}

// With what each is for beside it, where that is said.
function exampleLines(examples) {
  const all = examples.map((one) => (typeof one === 'string' ? { command: one } : one));
  const widest = Math.max(0, ...all.map(({ command }) => filled(command, '').length));
  return all.map(({ command, description }) =>
    description === undefined
      ? command
      : `${command}${' '.repeat(widest - filled(command, '').length)} # ${description}`,
  );
}

function filled(text, id) {
  return text.replaceAll('<%= config.bin %>', 'codemachine').replaceAll('<%= command.id %>', id);
}

function argumentRow({ name, description = '', required, options, default: unsaid }, strict) {
  const facts = [
    ...(required ? ['required'] : []),
    ...(options === undefined ? [] : [`one of ${options.map((one) => `\`${one}\``).join(', ')}`]),
    ...(unsaid === undefined ? [] : [`default: \`${unsaid}\``]),
  ];
  return [`\`${name}${strict === false ? '…' : ''}\``, [description, ...facts].join('; ')];
}

function flagRow(flag) {
  const { name, char, description = '', type, options, default: unsaid, multiple, required } = flag;
  const value = type === 'boolean' ? '' : ` ${flag.helpValue ?? '<value>'}`;
  const names = [
    ...(char === undefined ? [] : [`-${char}`]),
    flag.allowNo ? `--[no-]${name}` : `--${name}`,
    ...(flag.aliases ?? []).map((alias) => `--${alias}`),
  ];
  const facts = [
    ...(required ? ['required'] : []),
    ...(options === undefined ? [] : [`one of ${options.map((one) => `\`${one}\``).join(', ')}`]),
    ...(unsaid === undefined || unsaid === false ? [] : [`default: \`${unsaid}\``]),
    ...(multiple ? ['may be said more than once'] : []),
    ...(flag.exclusive === undefined
      ? []
      : [`not with ${flag.exclusive.map((one) => `\`--${one}\``).join(', ')}`]),
    ...(flag.env === undefined ? [] : [`or \`${flag.env}\` in the environment`]),
  ];
  return [`${names.map((one) => `\`${one}${value}\``).join(', ')}`, [description, ...facts].join('; ')];
}

function tableOf(title, rows) {
  if (rows.length === 0) return [];
  const lines = rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return [[`| ${title} | says |`, '|---|---|', ...lines].join('\n')];
}

function schemaLink(name) {
  return name === 'event'
    ? '[events](reference-events.md), a line each'
    : `[\`${name}\`](reference-json.md#${name})`;
}

function environment() {
  const rows = Object.entries(VARIABLES).map(([name, text]) => [`\`${name}\``, text]);
  return [
    '## Environment',
    'What the program reads of its environment itself. What steps and engines are given of it is told in [security](security.md#environments).',
    ...tableOf('variable', rows),
  ].join('\n\n');
}
