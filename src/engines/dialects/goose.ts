/** Translates for goose, as its source says of version 1.50 (https://github.com/aaif-goose/goose, crates/goose-cli/src/cli.rs). */

import type { PromptJob } from '../../model/ports.ts';
import type { McpServer } from '../../model/workflow.ts';
import { promptWithSchema } from './answer-schema.ts';
import type { Capabilities, Dialect, DialectPlace, EngineCommand } from './dialect.ts';
import { gooseReader } from './goose-reader.ts';

const capabilities: Capabilities = {
  // `run` cannot branch a session off; only its interactive command can.
  keys: ['max-turns', 'mcp', 'system', 'output', 'session'],
  network: { read: [], write: [], full: [] },
  access: {
    read: 'answers from the prompt alone: no files, no shell, no tools but those of `mcp`',
    write: 'edits files and runs commands, which nothing holds to the workspace: the same as `full`',
    full: 'everything, unconfined',
  },
  efforts: [],
  reportsCost: true,
  schema: 'prompt',
  usage: 'end',
  sandbox: 'none',
  addDir: false,
};

/** By provider: https://goose-docs.ai/docs/getting-started/providers, "Available Providers". */
const PROVIDERS: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['ANTHROPIC_API_KEY', 'ANTHROPIC_HOST'],
  openai: [
    ...['OPENAI_API_KEY', 'OPENAI_HOST', 'OPENAI_BASE_URL', 'OPENAI_BASE_PATH', 'OPENAI_ORGANIZATION'],
    ...['OPENAI_PROJECT', 'OPENAI_CUSTOM_HEADERS'],
  ],
  google: ['GOOGLE_API_KEY', 'GOOGLE_HOST'],
  openrouter: ['OPENROUTER_API_KEY', 'OPENROUTER_HOST'],
  groq: ['GROQ_API_KEY', 'GROQ_HOST'],
  xai: ['XAI_API_KEY', 'XAI_HOST'],
  ollama: ['OLLAMA_HOST', 'OLLAMA_TIMEOUT'],
  litellm: ['LITELLM_API_KEY', 'LITELLM_HOST', 'LITELLM_BASE_PATH'],
  databricks: ['DATABRICKS_TOKEN', 'DATABRICKS_HOST'],
};

/** A cloud's keys open more than the model, so they pass only where it is the provider. */
const CLOUDS: Readonly<Record<string, readonly string[]>> = {
  aws_bedrock: ['AWS_*', 'BEDROCK_*'],
  sagemaker_tgi: ['AWS_*', 'SAGEMAKER_*'],
  gcp_vertex_ai: ['GCP_*', 'GOOGLE_APPLICATION_CREDENTIALS'],
  azure_openai: ['AZURE_OPENAI_*'],
};

/** https://goose-docs.ai/docs/guides/environment-variables. */
const VARIABLES = [
  ...['GOOSE_PROVIDER', 'GOOSE_MODEL', 'GOOSE_PROVIDER__*', 'GOOSE_TEMPERATURE', 'GOOSE_MAX_TOKENS'],
  ...['GOOSE_CONTEXT_LIMIT', 'GOOSE_PREDEFINED_MODELS', 'GOOSE_DISABLE_KEYRING', 'GOOSE_PATH_ROOT'],
];

const KEYS = Object.values(PROVIDERS).flatMap((names) => names.filter((name) => /_(KEY|TOKEN)$/.test(name)));

/** goose. */
export const goose: Dialect = {
  name: 'goose',
  program: 'goose',
  install: 'install it with `brew install block-goose-cli`, or name it under `engines:` in the configuration',
  tested: { from: '1.50', to: '1.50' },
  signIn: {
    variables: ['GOOSE_PROVIDER__API_KEY', ...KEYS],
    // Most keys are in the keyring of the system; this names the provider whose they are.
    files: ({ HOME, GOOSE_PATH_ROOT: root, XDG_CONFIG_HOME: config = `${HOME}/.config` }) => {
      if (root === undefined && HOME === undefined) return [];
      const directory = root === undefined ? `${config}/goose` : `${root}/config`;
      return [
        { path: `${directory}/config.yaml`, keys: [], pattern: /^(GOOSE_PROVIDER|active_provider)\s*:/m },
      ];
    },
    help: 'sign in with `goose configure`, or set GOOSE_PROVIDER, GOOSE_MODEL and the key of that provider',
  },
  capabilities,
  variables: ({ GOOSE_PROVIDER: provider = '' }) => {
    const known = { ...PROVIDERS, ...CLOUDS };
    const own = Object.hasOwn(known, provider) ? known[provider] : undefined;
    return [...VARIABLES, ...(own ?? Object.values(PROVIDERS).flat())];
  },
  command,
  reader: ({ run, step, attempt, session, model, mcp }) => {
    const isKnown = run !== undefined && step !== undefined && attempt !== undefined;
    return gooseReader(session?.id ?? (isKnown ? sessionName({ run, step, attempt }) : ''), model, mcp);
  },
};

const QUIET = {
  // Both are read, by different versions (crates/goose/src/posthog.rs). It never updates itself.
  GOOSE_TELEMETRY_ENABLED: 'false',
  GOOSE_TELEMETRY_OFF: '1',
  // Each would be a request of its own to the model.
  GOOSE_DISABLE_SESSION_NAMING: '1',
  GOOSE_DISABLE_TOOL_CALL_SUMMARY: '1',
  GOOSE_RANDOM_THINKING_MESSAGES: 'false',
};

function command(job: PromptJob, place: DialectPlace): EngineCommand {
  const files: Record<string, string> = {};
  const args = ['run', '-i', '-', '--output-format', 'stream-json', '--quiet'];
  if (job.session === undefined) args.push('--name', sessionName(job));
  else args.push('--resume', '--name', job.session.id);
  if (job.model !== undefined) args.push('--model', job.model);
  if (job.maxTurns !== undefined) args.push('--max-turns', String(job.maxTurns));
  if (job.system !== undefined) args.push('--system', job.system);
  // Only what the workflow declares: each machine would otherwise start other servers.
  args.push('--no-profile');
  if (job.access !== 'read') args.push('--with-builtin', 'developer');
  for (const [name, server] of Object.entries(job.mcp ?? {}))
    args.push(...extension(name, server, place, files));
  return { args, env: { ...QUIET, GOOSE_MODE: modeOf(job) }, stdin: messageOf(job), files };
}

/**
 * Where nobody can be asked, a mode that asks fails the run, and in older versions lets everything pass (`process_agent_response` in
 * crates/goose-cli/src/session/mod.rs). So what may not be done has no tool; `chat` takes the tools away that it has anyway.
 */
function modeOf({ access, mcp }: PromptJob): string {
  return access === 'read' && mcp === undefined ? 'chat' : 'auto';
}

/**
 * The name of the session that an attempt opens, by which it is found again. The engine's own id does not stand in what it prints.
 */
export function sessionName({ run, step, attempt }: Pick<PromptJob, 'run' | 'step' | 'attempt'>): string {
  const key = step.replace(/[^\w-]/gu, (letter) => `:${letter.codePointAt(0)?.toString(16)}`);
  // Longer than any file name, and than a session may be called here.
  return key.length <= 100 ? `${run}.${key}.${attempt}` : `${run}.${key.slice(0, 80)}:${sum(key)}.${attempt}`;
}

/** A number that differs where texts do, as good as always (FNV-1a, 32 bits). */
function sum(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16);
}

/**
 * A server is one word that is taken apart again, by rules without escapes (`split_command_args` in crates/goose/src/utils.rs), and
 * called like its program. So its program is a script of ours, called like the server: other processes cannot read its variables there.
 */
function extension(
  name: string,
  server: McpServer,
  place: DialectPlace,
  files: Record<string, string>,
): string[] {
  if (server.url !== undefined) return ['--with-streamable-http-extension', server.url];
  const variables = Object.entries(server.env ?? {}).map(
    ([variable, value]) => `export ${variable}=${quoted(value)}\n`,
  );
  const line = [server.command ?? '', ...(server.args ?? [])].map(quoted).join(' ');
  files[name] = `#!/bin/sh\n${variables.join('')}exec ${line}\n`;
  return ['--with-extension', `"${place.scratch}/${name}"`];
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What it takes for a command of its own (`parse_slash_command` in crates/goose/src/agents/execute_commands.rs). */
const COMMAND = /^\s*(\/|Please compact this conversation\s*$)/;

function messageOf({ prompt, schema }: PromptJob): string {
  const message = schema === undefined ? prompt : promptWithSchema(prompt, schema);
  return COMMAND.test(message) ? `This is the request:\n\n${message}` : message;
}
