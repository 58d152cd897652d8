/** Translates for Gemini CLI, as measured with version 0.61.0. */
import type { PromptJob } from '../../model/ports.ts';
import type { Access } from '../../model/workflow.ts';
import { promptWithSchema } from './answer-schema.ts';
import type { Capabilities, Dialect, DialectPlace, EngineCommand } from './dialect.ts';
import { geminiPolicy, TOOL_NAMES } from './gemini-policy.ts';
import { geminiReader } from './gemini-reader.ts';

/**
 * It takes MCP servers, a limit of turns and the depth of thought from its settings alone, and reads no settings of one attempt: a
 * file named by GEMINI_CLI_SYSTEM_SETTINGS_PATH counts only where nobody but root could have written it. Its own system prompt can
 * be replaced by GEMINI_SYSTEM_MD, and not added to.
 */
const capabilities: Capabilities = {
  keys: ['tools', 'output', 'session'],
  // Its shell is not confined, so nothing holds it to a network setting.
  network: { read: [], write: [], full: [] },
  access: {
    read: 'reads and searches files; no shell (a `tools.allow` like `run_shell_command(git log)` opens exactly that)',
    write:
      'edits files of the workspace, but for `.codemachine`, and fetches web pages; no shell, but for what `tools.allow` opens, which is not a sandbox',
    full: 'everything, unconfined; only edits of `.codemachine/` by its own tools are denied',
  },
  efforts: [],
  reportsCost: false,
  schema: 'prompt',
  usage: 'end',
  sandbox: 'none',
  addDir: true,
  sessionStays: true,
  tools: { names: TOOL_NAMES, others: /^(?:mcp_|discovered_tool_)|__/ },
};

/** Documented at https://geminicli.com/docs/reference/configuration, "Environment variables". */
const VARIABLES = [
  ...['GEMINI_API_KEY', 'GEMINI_API_KEY_AUTH_MECHANISM', 'GEMINI_MODEL', 'GEMINI_CLI_HOME'],
  ...['GEMINI_CLI_CUSTOM_HEADERS', 'GEMINI_CLI_SYSTEM_SETTINGS_PATH', 'GEMINI_CLI_SYSTEM_DEFAULTS_PATH'],
  ...['GOOGLE_GEMINI_BASE_URL', 'GOOGLE_GENAI_API_VERSION', 'GOOGLE_GENAI_USE_GCA'],
  ...['GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION', 'CODE_ASSIST_ENDPOINT'],
];

/** A cloud's keys open more than the model, so they pass only where that back-end is switched on. */
const VERTEX = 'GOOGLE_GENAI_USE_VERTEXAI';
const CLOUD = [VERTEX, 'GOOGLE_API_KEY', 'GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_VERTEX_BASE_URL'];

/**
 * The nearest of these is read, and what it says of a variable that is not set is taken over (`loadEnvironment` in its source):
 * where requests go, with the key, whether certificates are looked at, in which image it starts itself anew, what programs of
 * its tools load first. An empty value is as good as none, but for the two that are spelled out.
 */
const HELD = {
  files: ['.gemini/.env', '.env'],
  values: {
    CODE_ASSIST_ENDPOINT: 'https://cloudcode-pa.googleapis.com',
    NODE_TLS_REJECT_UNAUTHORIZED: '1',
    ...Object.fromEntries(
      [
        ...['GOOGLE_GEMINI_BASE_URL', 'GOOGLE_VERTEX_BASE_URL', 'GOOGLE_CLOUD_LOCATION'],
        ...['GEMINI_SANDBOX', 'GEMINI_SANDBOX_PROXY_COMMAND', 'GEMINI_CLI_CUSTOM_HEADERS'],
        ...['BASH_ENV', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'NODE_OPTIONS'],
      ].map((name) => [name, '']),
    ),
  },
};

/** Gemini CLI. */
export const gemini: Dialect = {
  name: 'gemini',
  program: 'gemini',
  install:
    'install it with `npm install -g @google/gemini-cli`, or name it under `engines:` in the configuration',
  tested: { from: '0.61.0', to: '0.61' },
  packages: ['@google/gemini-cli'],
  signIn: {
    variables: ['GEMINI_API_KEY', VERTEX, 'GOOGLE_GENAI_USE_GCA'],
    files: (env) => {
      const home = env.GEMINI_CLI_HOME ?? env.HOME ?? '/';
      return [{ path: `${home}/.gemini/oauth_creds.json`, keys: ['refresh_token', 'access_token'] }];
    },
    help: 'sign in by starting `gemini` once, or set GEMINI_API_KEY',
  },
  capabilities,
  variables: (environ) => [...VARIABLES, ...(environ[VERTEX] === undefined ? [] : CLOUD)],
  command,
  reader: () => geminiReader(),
  held: HELD,
};

/** `plan` would be for reading only as well, but tells the model to write a plan and to have it approved. */
const MODES: Readonly<Record<Access, string>> = { read: 'default', write: 'auto_edit', full: 'yolo' };

/** No server of the user's is called so. */
const NO_SERVER = 'none-but-those-of-the-workflow';

function command(job: PromptJob, place: DialectPlace): EngineCommand {
  const args = ['--skip-trust', '-o', 'stream-json', '--approval-mode', MODES[job.access]];
  args.push('--admin-policy', `${place.scratch}/policy.toml`);
  // Only what the workflow declares: the same file would otherwise start other servers on each machine.
  args.push('--allowed-mcp-server-names', NO_SERVER);
  if (job.model !== undefined) args.push('-m', job.model);
  if (job.session !== undefined) args.push('--resume', job.session.id);
  if (place.cwd !== place.root) args.push('--include-directories', place.root);
  const prompt = job.schema === undefined ? job.prompt : promptWithSchema(job.prompt, job.schema);
  return {
    args,
    env: {
      // Else it starts itself a second time, and what is started first takes no SIGTERM.
      GEMINI_CLI_NO_RELAUNCH: 'true',
      GEMINI_TELEMETRY_ENABLED: 'false',
      NO_COLOR: '1',
      // After a failure it leaves the whole conversation there, in a file of its own.
      TMPDIR: `${place.scratch}/tmp`,
    },
    stdin: plain(prompt),
    files: { 'policy.toml': geminiPolicy(job) },
  };
}

/**
 * What it takes for the name of a file, a directory, a resource or an agent, whoever wrote the word; a file of the workspace it reads
 * and sends along. It takes no `@` so after a backslash, which it leaves in the prompt.
 */
const MENTION = /(?<!\\)@(?=[^\s,;!?()[\]{}.]|\.(?!$|[ \t\n\r]))/g;

/** The prompt without words that it would take for orders: a first line that begins with a slash is a command of its own. */
function plain(prompt: string): string {
  const escaped = prompt.replace(MENTION, '\\@');
  const told = escaped === prompt ? prompt : `${escaped}\n\n(Above, \\@ stands for a plain at sign.)\n`;
  return told.startsWith('/') ? `\n${told}` : told;
}
