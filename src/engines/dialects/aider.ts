/** Translates for Aider, as its source says of version 0.86 (https://github.com/Aider-AI/aider, 5dc9490). */
import type { PromptJob } from '../../model/ports.ts';
import { aiderReader } from './aider-reader.ts';
import { promptWithSchema } from './answer-schema.ts';
import type { Capabilities, Dialect, DialectPlace, EngineCommand } from './dialect.ts';
import { sends } from './steering.ts';

const capabilities: Capabilities = {
  // It keeps no sessions, only a history in Markdown, out of which a conversation cannot be made again as it was.
  keys: ['effort', 'system', 'output'],
  network: { read: [], write: [], full: [] },
  access: {
    read: 'answers and changes nothing; sees a map of the repository, and the files that the prompt names; no shell',
    write:
      'edits files by the paths that its model names, which are not held to the workspace; no shell, no commits',
    full: 'the same as `write`: it has no more to give',
  },
  efforts: ['low', 'medium', 'high'],
  reportsCost: true,
  schema: 'prompt',
  usage: 'live',
  sandbox: 'none',
  addDir: false,
};

/** Its keys, by provider: https://aider.chat/docs/llms.html and the pages below it. */
const KEYS = [
  ...['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'DEEPSEEK_API_KEY', 'OPENROUTER_API_KEY'],
  ...['GROQ_API_KEY', 'XAI_API_KEY', 'COHERE_API_KEY', 'AZURE_API_KEY', 'LM_STUDIO_API_KEY'],
  ...['AIDER_OPENAI_API_KEY', 'AIDER_ANTHROPIC_API_KEY', 'AIDER_API_KEY'],
];

/** What else those pages name, and https://aider.chat/docs/config/options.html for the models. */
const VARIABLES = [
  ...['OPENAI_API_BASE', 'ANTHROPIC_API_BASE', 'OLLAMA_API_BASE', 'LM_STUDIO_API_BASE'],
  ...['AZURE_API_BASE', 'AZURE_API_VERSION', 'AIDER_OPENAI_API_BASE'],
  ...['AIDER_MODEL', 'AIDER_WEAK_MODEL', 'AIDER_EDITOR_MODEL'],
];

/** Aider. */
export const aider: Dialect = {
  name: 'aider',
  program: 'aider',
  install: 'install it with `pipx install aider-chat`, or name it under `engines:` in the configuration',
  tested: { from: '0.86', to: '0.86' },
  signIn: {
    variables: KEYS,
    files: ({ HOME }) =>
      HOME === undefined
        ? []
        : [
            { path: `${HOME}/.aider.conf.yml`, keys: [], pattern: /^\s*([a-z]+-)?api-key\s*:/m },
            { path: `${HOME}/.aider/oauth-keys.env`, keys: [], pattern: /_API_KEY=./ },
          ],
    help: 'set the key of the provider of its `model`, such as ANTHROPIC_API_KEY or OPENAI_API_KEY',
  },
  capabilities,
  variables: () => [...KEYS, ...VARIABLES],
  command,
  reader: ({ prompt, model }) => aiderReader(prompt, model),
  // Each of them is read whatever its options say, and outranks the environment (`load_dotenv_files`, `register_models` in aider/main.py).
  steeredBy: {
    files: ['.env', '.aider.conf.yml', '.aider.model.settings.yml'],
    says: sends(String.raw`[\w-]*(?:api[_-]base|base[_-]url)`),
  },
  // Made at the root by aider/repomap.py, which has no setting for the place; the number is a version.
  litter: ['.aider.tags.cache.v'],
};

/**
 * Nobody is there to ask, so it says yes to everything: each of these takes a question away, or work that nobody asked for.
 * `.aider.conf.yml` of the home and of the repository is read in any case, so they are also what it may not switch on.
 */
const QUIET = [
  ...[
    '--yes-always',
    '--no-pretty',
    '--no-stream',
    '--no-fancy-input',
    '--no-multiline',
    '--no-notifications',
  ],
  ...['--no-auto-commits', '--no-dirty-commits', '--no-gitignore', '--no-add-gitignore-files'],
  ...['--no-check-update', '--no-show-release-notes', '--no-show-model-warnings', '--no-analytics'],
  // It would fetch each address in the prompt, run what its model suggests, and linters and tests of the repository's choice.
  ...['--no-detect-urls', '--disable-playwright', '--no-suggest-shell-commands'],
  ...['--no-auto-lint', '--no-auto-test', '--no-watch-files', '--no-copy-paste', '--no-gui'],
  ...['--no-restore-chat-history', '--encoding', 'utf-8'],
];

const ENVIRONMENT = {
  // What is no terminal is wrapped at 80 columns, in the middle of a JSON text too.
  COLUMNS: '1000000',
  // In a pipe nothing would be seen before its end, and a provider's trouble not at all.
  PYTHONUNBUFFERED: '1',
  PYTHONUTF8: '1',
  NO_COLOR: '1',
  // It opens pages on errors. Python's webbrowser(3) starts what this names.
  BROWSER: 'true',
  // Where git knows no user it writes one into the repository's configuration, although it commits nothing here.
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'user.name',
  GIT_CONFIG_VALUE_0: 'codemachine',
  GIT_CONFIG_KEY_1: 'user.email',
  GIT_CONFIG_VALUE_1: 'codemachine@localhost',
};

/** Name of the file in which it notes each reply whole, with its exact counts. */
const NOTES = 'notes.log';

function command(job: PromptJob, place: DialectPlace): EngineCommand {
  const at = (name: string): string => `${place.scratch}/${name}`;
  const files: Record<string, string> = {
    'message.md': messageOf(job),
    // The parser refuses a file without a pair.
    'aider.conf.yml': 'auto-commits: false\n',
    '.env': '',
    // What a configuration names instead is read for commands, `/run` of a shell among them.
    commands: '',
  };
  const args = [...QUIET, place.outsideGit === true ? '--no-git' : '--git'];
  args.push('--config', at('aider.conf.yml'), '--env-file', at('.env'), '--load', at('commands'));
  args.push('--chat-history-file', at('history.md'), '--input-history-file', at('input'));
  // Both append whole lines to one file, in order: what was answered, and what it cost. Nothing of it is sent.
  args.push('--llm-history-file', at(NOTES), '--analytics-log', at(NOTES));
  if (job.access === 'read') args.push('--chat-mode', 'ask', '--dry-run');
  else args.push('--no-dry-run');
  if (job.model !== undefined) args.push('--model', job.model);
  if (job.effort !== undefined) args.push('--reasoning-effort', job.effort);
  if (job.system !== undefined) {
    // Its place for standing instructions: https://aider.chat/docs/usage/conventions.html.
    files['system.md'] = job.system;
    args.push('--read', at('system.md'));
  }
  args.push('--message-file', at('message.md'));
  return { args, env: ENVIRONMENT, stdin: '', files, notes: NOTES };
}

/**
 * A message that begins with a slash or an exclamation mark is a command, of the shell even (`is_command` in aider/commands.py); an
 * empty one is none, whereupon it would ask for one (`run` in aider/coders/base_coder.py).
 */
function messageOf({ prompt, schema }: PromptJob): string {
  const message = schema === undefined ? prompt : promptWithSchema(prompt, schema);
  return /^[/!]|^$/.test(message) ? `\n${message}` : message;
}
