/** Translates for OpenCode, as measured with version 1.18.33. */
import type { PromptJob } from '../../model/ports.ts';
import type { JsonObject } from '../../model/result.ts';
import type { McpServer } from '../../model/workflow.ts';
import { promptWithSchema } from './answer-schema.ts';
import type { Capabilities, Dialect, DialectPlace, EngineCommand } from './dialect.ts';
import { permissions, TOOL_NAMES } from './opencode-permissions.ts';
import { opencodeReader } from './opencode-reader.ts';
import { sends } from './steering.ts';

const capabilities: Capabilities = {
  keys: ['effort', 'tools', 'mcp', 'system', 'output', 'session', 'fork'],
  // Above read it has a shell, which nothing confines.
  network: { read: ['off', 'on'], write: [], full: [] },
  access: {
    read: 'reads and searches files; no shell (a `tools.allow` like `bash(git log *)` opens exactly that), no web unless `network: on`',
    write:
      'edits files of the workspace, but for `.codemachine`, and runs commands; one that names a place outside of it is denied, which is not a sandbox',
    full: 'everything, unconfined; only edits of `.codemachine/` by its own tools are denied',
  },
  // They are variants of the models, most of which have no `max`; one that a model lacks is passed over in silence.
  efforts: ['low', 'medium', 'high'],
  reportsCost: true,
  schema: 'prompt',
  usage: 'live',
  sandbox: 'none',
  addDir: true,
  sessionStays: true,
  // A tool of a server is called by both their names, with `_` between.
  tools: { names: TOOL_NAMES, others: /_/ },
};

/**
 * Documented at https://opencode.ai/docs/cli#environment-variables; the keys are those of providers that have no engine of their
 * own here. What another engine signs in with is for that engine.
 */
const VARIABLES = [
  ...['OPENCODE_CONFIG', 'OPENCODE_CONFIG_DIR', 'OPENCODE_DB', 'OPENCODE_MODELS_PATH', 'OPENCODE_MODELS_URL'],
  ...['OPENCODE_DISABLE_CLAUDE_CODE', 'OPENCODE_DISABLE_PROJECT_CONFIG', 'OPENCODE_DISABLE_AUTOCOMPACT'],
];

const KEYS = [
  ...['OPENCODE_API_KEY', 'OPENROUTER_API_KEY', 'GROQ_API_KEY', 'DEEPSEEK_API_KEY', 'XAI_API_KEY'],
  ...['MISTRAL_API_KEY', 'CEREBRAS_API_KEY', 'TOGETHER_API_KEY', 'FIREWORKS_API_KEY', 'MOONSHOT_API_KEY'],
];

/** OpenCode. */
export const opencode: Dialect = {
  name: 'opencode',
  program: 'opencode',
  install: 'install it with `npm install -g opencode-ai`, or name it under `engines:` in the configuration',
  tested: { from: '1.18.33', to: '1.18' },
  packages: ['opencode-ai'],
  signIn: {
    variables: KEYS,
    files: (env) => {
      const { HOME, XDG_DATA_HOME, XDG_CONFIG_HOME, OPENCODE_CONFIG } = env;
      const data = XDG_DATA_HOME ?? (HOME === undefined ? undefined : `${HOME}/.local/share`);
      const config = XDG_CONFIG_HOME ?? (HOME === undefined ? undefined : `${HOME}/.config`);
      const configs = [
        ...(config === undefined
          ? []
          : ['opencode.json', 'opencode.jsonc'].map((name) => `${config}/opencode/${name}`)),
        ...(OPENCODE_CONFIG === undefined ? [] : [OPENCODE_CONFIG]),
      ];
      return [
        ...(data === undefined ? [] : [{ path: `${data}/opencode/auth.json`, keys: [] }]),
        ...configs.map((path) => ({ path, keys: [], pattern: API_KEY })),
      ];
    },
    help: 'sign in with `opencode auth login`, or set the key of the provider, such as OPENROUTER_API_KEY',
  },
  capabilities,
  variables: () => [...VARIABLES, ...KEYS],
  command,
  reader: ({ model, mcp }) => opencodeReader(model, mcp),
  // Measured: the workspace's file outranks the user's.
  steeredBy: {
    files: ['opencode.json', 'opencode.jsonc', '.opencode/opencode.json', '.opencode/opencode.jsonc'],
    says: sends('baseURL'),
  },
};

/** A key of a provider in its configuration. What stands in a variable or another file may not be there. */
const API_KEY = /"apiKey"\s*:\s*"(?!\{(?:env|file):)[^"]+"/;

const QUIET = {
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  OPENCODE_DISABLE_MODELS_FETCH: '1',
  OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  OPENCODE_DISABLE_SHARE: '1',
};

/** An agent of our own: rules that a configuration gives to one of the engine's agents do not reach it. */
const AGENT = 'codemachine';

function command(job: PromptJob, place: DialectPlace): EngineCommand {
  const files: Record<string, string> = {};
  // What it logs is the only sign of a tool that runs and of a request that is tried again.
  const args = ['run', '--format', 'json', '--print-logs', '--log-level', 'INFO', '--thinking'];
  args.push('--dir', place.cwd, '--agent', AGENT);
  // Without a title it has a model make one up.
  args.push('--title', 'codemachine');
  if (job.model !== undefined) args.push('-m', job.model);
  if (job.effort !== undefined) args.push('--variant', job.effort);
  if (job.session !== undefined) args.push('-s', job.session.id, ...(job.session.fork ? ['--fork'] : []));
  // Approves what a rule of the user would ask about; what is denied stays denied.
  if (job.access !== 'read') args.push('--auto');
  if (job.system !== undefined) files['system.md'] = job.system;
  const rules = permissions(job, place.root);
  const config = {
    autoupdate: false,
    share: 'disabled',
    // It would copy the whole workspace into a repository of its own to be able to undo; that is done here already.
    snapshot: false,
    ...(job.model === undefined ? {} : { small_model: job.model }),
    agent: { [AGENT]: { mode: 'primary', permission: rules } },
    ...(job.system === undefined ? {} : { instructions: [`${place.scratch}/system.md`] }),
    ...(job.mcp === undefined ? {} : { mcp: mcpServers(job.mcp) }),
  };
  return {
    args,
    env: { ...QUIET, OPENCODE_CONFIG_CONTENT: JSON.stringify(config) },
    stdin: job.schema === undefined ? job.prompt : promptWithSchema(job.prompt, job.schema),
    files,
  };
}

function mcpServers(servers: NonNullable<PromptJob['mcp']>): JsonObject {
  return Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, mcpServer(server)]));
}

function mcpServer({ command: program = '', args = [], env = {}, url }: McpServer): JsonObject {
  if (url !== undefined) return { type: 'remote', url, enabled: true };
  return { type: 'local', command: [program, ...args], environment: { ...env }, enabled: true };
}
