/** Translates for Claude Code, as measured with version 2.1.328. */
import type { PromptJob } from '../../model/ports.ts';
import type { JsonObject } from '../../model/result.ts';
import { fitsAnswerTool, promptWithSchema } from './answer-schema.ts';
import { claudeReader } from './claude-code-reader.ts';
import { CLAUDE_TOOLS } from './claude-code-tools.ts';
import type { Capabilities, Dialect, DialectPlace, EngineCommand } from './dialect.ts';
import { sends } from './steering.ts';

const capabilities: Capabilities = {
  keys: ['effort', 'max-turns', 'tools', 'mcp', 'system', 'output', 'session', 'fork'],
  // Its shell is not confined, so nothing holds it to a network setting.
  network: { read: [], write: [], full: [] },
  access: {
    read: 'reads and searches files; no shell (a `tools.allow` like `Bash(git log:*)` opens exactly that)',
    write:
      'edits files of the workspace and runs simple file commands; other commands need `tools.allow`, which is not a sandbox',
    full: 'everything, unconfined; only edits of `.codemachine/` by its own tools are denied',
  },
  efforts: ['low', 'medium', 'high', 'max'],
  reportsCost: true,
  limitsCost: true,
  schema: 'native',
  usage: 'live',
  sandbox: 'none',
  addDir: true,
  tools: { names: CLAUDE_TOOLS, others: /^mcp__/, lists: true },
};

/** Documented at https://code.claude.com/docs/en/settings#environment-variables. */
const VARIABLES = [
  ...['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_CUSTOM_HEADERS'],
  ...['ANTHROPIC_MODEL', 'ANTHROPIC_SMALL_FAST_MODEL', 'ANTHROPIC_DEFAULT_*', 'ANTHROPIC_BETAS'],
  ...['CLAUDE_CODE_OAUTH_TOKEN', 'CLAUDE_CONFIG_DIR', 'CLAUDE_CODE_CLIENT_CERT', 'CLAUDE_CODE_CLIENT_KEY'],
  ...['CLAUDE_CODE_CLIENT_KEY_PASSPHRASE', 'CLAUDE_CODE_MAX_OUTPUT_TOKENS'],
  ...['MAX_THINKING_TOKENS', 'BASH_DEFAULT_TIMEOUT_MS', 'BASH_MAX_TIMEOUT_MS', 'BASH_MAX_OUTPUT_LENGTH'],
  ...['MCP_TIMEOUT', 'MCP_TOOL_TIMEOUT', 'API_TIMEOUT_MS'],
];

/** A cloud's keys open more than the model, so they pass only where that back-end is switched on. */
const BACK_ENDS: readonly (readonly [string, readonly string[]])[] = [
  [
    'CLAUDE_CODE_USE_BEDROCK',
    ['AWS_*', 'ANTHROPIC_BEDROCK_*', 'CLAUDE_CODE_SKIP_BEDROCK_AUTH', 'CLAUDE_CODE_USE_BEDROCK'],
  ],
  [
    'CLAUDE_CODE_USE_VERTEX',
    [
      ...['ANTHROPIC_VERTEX_*', 'CLOUD_ML_REGION', 'VERTEX_REGION_*', 'GOOGLE_*', 'GCLOUD_PROJECT'],
      ...['CLOUDSDK_CONFIG', 'CLAUDE_CODE_SKIP_VERTEX_AUTH', 'CLAUDE_CODE_USE_VERTEX'],
    ],
  ],
  [
    'CLAUDE_CODE_USE_FOUNDRY',
    ['ANTHROPIC_FOUNDRY_*', 'AZURE_*', 'CLAUDE_CODE_SKIP_FOUNDRY_AUTH', 'CLAUDE_CODE_USE_FOUNDRY'],
  ],
];

/** What in its settings makes a sign-in: a program that gives the key, or variables that it sets for itself. */
const SIGNS_IN =
  /"(?:apiKeyHelper|ANTHROPIC_API_KEY|ANTHROPIC_AUTH_TOKEN|CLAUDE_CODE_USE_(?:BEDROCK|VERTEX|FOUNDRY))"\s*:/;

/** Claude Code. */
export const claudeCode: Dialect = {
  name: 'claude-code',
  program: 'claude',
  install:
    'install it with `npm install -g @anthropic-ai/claude-code`, or name it under `engines:` in the configuration',
  tested: { from: '2.1.328', to: '2.1' },
  namesVersion: true,
  signIn: {
    variables: [
      ...['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
      ...BACK_ENDS.map(([name]) => name),
    ],
    files: (env) => {
      const { CLAUDE_CONFIG_DIR: own, HOME: home = '/' } = env;
      const directory = own ?? `${home}/.claude`;
      return [
        { path: `${directory}/.credentials.json`, keys: ['claudeAiOauth'] },
        { path: `${directory}/settings.json`, keys: [], pattern: SIGNS_IN },
        { path: own === undefined ? `${home}/.claude.json` : `${own}/.claude.json`, keys: ['primaryApiKey'] },
      ];
    },
    // `claude auth status` goes to the network to renew what is old, and writes into the home directory.
    keychain: true,
    help: 'sign in with `claude /login`, or set ANTHROPIC_API_KEY',
  },
  capabilities,
  variables: (environ) => [
    ...VARIABLES,
    ...BACK_ENDS.flatMap(([name, more]) => (environ[name] === undefined ? [] : more)),
  ],
  command,
  reader: ({ prompt, mcp }) => claudeReader(prompt, mcp),
  // Measured: without a terminal nobody is asked whether the workspace is trusted, and `env` of its settings outranks the environment.
  steeredBy: {
    files: ['.claude/settings.json', '.claude/settings.local.json'],
    says: sends('ANTHROPIC_(?:[A-Z]+_)?BASE_URL'),
  },
};

const QUIET = {
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  // By default it tries ten times, for minutes and in silence; how often is the step's `retry`. Once more heals a mere blip.
  CLAUDE_CODE_MAX_RETRIES: '1',
};

/**
 * For `@path` in a prompt it reads that file, or lists that directory, wherever it is, and sends what it finds; for no model asked
 * for it, whoever wrote the word does. It looks after blanks alone, this after all but words: addresses of mail are none.
 */
const MENTION = /(?<![\p{L}\p{N}_])@/u;

function command(job: PromptJob, place: DialectPlace): EngineCommand {
  const schema = answerSchema(job);
  const files: Record<string, string> = {};
  const args = ['-p', '--output-format', 'stream-json', '--verbose'];
  if (job.model !== undefined) args.push('--model', job.model);
  if (job.effort !== undefined) args.push('--effort', job.effort);
  if (job.maxTurns !== undefined) args.push('--max-turns', String(job.maxTurns));
  // Counts what this process spends alone, whatever the session had cost before.
  if (job.maxUsd !== undefined) args.push('--max-budget-usd', dollars(job.maxUsd));
  if (job.system !== undefined) {
    files['system.md'] = job.system;
    args.push('--append-system-prompt-file', `${place.scratch}/system.md`);
  }
  if (schema !== undefined) args.push('--json-schema', JSON.stringify(schema));
  if (job.session !== undefined) {
    args.push('--resume', job.session.id, ...(job.session.fork ? ['--fork-session'] : []));
  }
  // Only what the workflow declares: the same file would otherwise start other servers on each machine.
  args.push('--strict-mcp-config');
  if (job.mcp !== undefined) {
    files['mcp.json'] = JSON.stringify({ mcpServers: mcpServers(job.mcp) });
    args.push('--mcp-config', `${place.scratch}/mcp.json`);
  }
  if (place.cwd !== place.root) args.push('--add-dir', place.root);
  args.push(...accessFlags(job, place));
  const inPrompt = job.schema !== undefined && schema === undefined;
  return {
    args,
    env: {
      ...QUIET,
      ...(MENTION.test(job.prompt) ? { CLAUDE_CODE_DISABLE_ATTACHMENTS: '1' } : {}),
      ...(job.access === 'full' && place.superuser ? { IS_SANDBOX: '1' } : {}),
    },
    stdin: inPrompt ? promptWithSchema(job.prompt, job.schema) : job.prompt,
    files,
  };
}

/** No exponent, for it takes plain numbers above 0 alone. */
function dollars(usd: number): string {
  return String(Math.max(Math.round(usd * 1e6), 1) / 1e6).replace(/^1e-6$/, '0.000001');
}

function answerSchema({ schema }: PromptJob): JsonObject | undefined {
  return schema !== undefined && fitsAnswerTool(schema) ? schema : undefined;
}

const READING = ['Read', 'Grep', 'Glob'];
const WRITING = new Set(['Write', 'Edit', 'MultiEdit', 'NotebookEdit', 'Bash']);

/** Flags for what it may do. The variadic ones (`--tools` and its kin) are always followed by a flag or nothing. */
function accessFlags(job: PromptJob, place: DialectPlace): readonly string[] {
  const named = (job.tools?.allow ?? []).filter(isRule);
  const allow = job.access === 'read' ? named.filter(harmless) : named;
  const servers = Object.keys(job.mcp ?? {}).map((name) => `mcp__${name}`);
  const allowed = [...(job.access === 'read' ? READING : []), ...allow, ...servers];
  // A rule for Edit holds for all of its editing tools; two slashes begin an absolute path.
  const denied = [...(job.tools?.deny ?? []).filter(isRule), `Edit(/${place.root}/.codemachine/**)`];
  const lists = [
    ...(allowed.length === 0 ? [] : ['--allowedTools', ...allowed]),
    ...['--disallowedTools', ...denied],
  ];
  switch (job.access) {
    case 'read': {
      // What is not in the list does not exist for the model. Denying Write and Edit is not enough: it then writes with the shell.
      const tools = new Set([...READING, ...allow.map(toolOf)]);
      return ['--permission-mode', 'dontAsk', '--tools', [...tools].join(','), ...lists];
    }
    case 'write':
      return ['--permission-mode', 'acceptEdits', '--permission-prompts', 'none', ...lists];
    case 'full':
      // As root it refuses, unless IS_SANDBOX says that somebody meant it; `access: full` in the file says so.
      return ['--dangerously-skip-permissions', ...lists];
  }
}

/** In a list of tools a word that begins with a dash is the next option: `--dangerously-skip-permissions`. */
function isRule(rule: string): boolean {
  return !rule.trim().startsWith('-');
}

/** One tool, with what it may be used for. The engine takes lists with commas and blanks in a single word as well. */
const ONE_RULE = /^[\w*-]+(?:\((?:(?!\)[\s,]).)*\))?$/s;

/** Under `read` a writing tool is not opened, a shell only for the commands that its rule names. */
function harmless(rule: string): boolean {
  if (!ONE_RULE.test(rule)) return false;
  return !WRITING.has(toolOf(rule)) || /^Bash\(.*[^*:\s()].*\)$/.test(rule);
}

function toolOf(rule: string): string {
  return rule.replace(/\(.*$/s, '').trim();
}

function mcpServers(servers: NonNullable<PromptJob['mcp']>): JsonObject {
  return Object.fromEntries(
    Object.entries(servers).map(([name, { command: program, args = [], env = {}, url }]) => [
      name,
      url === undefined ? { type: 'stdio', command: program ?? '', args, env } : { type: 'http', url },
    ]),
  );
}
