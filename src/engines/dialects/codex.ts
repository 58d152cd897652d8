/** Translates for Codex, as measured with version 0.169.0. */
import type { PromptJob } from '../../model/ports.ts';
import type { JsonObject } from '../../model/result.ts';
import type { Effort } from '../../model/workflow.ts';
import { fitsStrictOutput, promptWithSchema } from './answer-schema.ts';
import { codexLedger, codexReader } from './codex-reader.ts';
import type { Capabilities, Dialect, DialectPlace, EngineCommand } from './dialect.ts';
import { tomlText } from './toml.ts';

const capabilities: Capabilities = {
  keys: ['effort', 'mcp', 'system', 'output', 'session', 'fork'],
  network: { read: ['off'], write: ['off', 'on'], full: ['on'] },
  access: {
    read: 'reads and runs commands in a sandbox that writes nothing and has no network',
    write:
      'changes the workspace in a sandbox, but for `.git`, so it cannot commit, and `.codemachine`; no network unless `network: on`',
    full: 'everything, unconfined',
  },
  efforts: ['low', 'medium', 'high', 'max'],
  reportsCost: false,
  schema: 'native',
  usage: 'end',
  sandbox: 'bubblewrap',
  addDir: true,
};

/** Documented at https://developers.openai.com/codex/config-reference; other providers name their own key in its `config.toml`. */
const VARIABLES = ['CODEX_HOME', 'CODEX_API_KEY', 'OPENAI_API_KEY', 'OPENAI_ORGANIZATION', 'OPENAI_PROJECT'];

/** What signs in is for the engine, not for the commands that its model makes up. */
const KEYS = ['CODEX_API_KEY', 'OPENAI_API_KEY', 'AZURE_OPENAI_API_KEY'];

/** A provider of the user's own has a key of its own, or needs none. */
const OTHER_PROVIDER = /^\s*model_provider\s*=\s*["'](?!openai["'])/m;

/** The variable that holds the key of the provider that is chosen. */
function keyOfProvider(toml: string): string | undefined {
  const name = /^\s*model_provider\s*=\s*["']([^"']+)["']/m.exec(toml)?.[1];
  const tables = toml.split(/^\s*\[/m);
  const own = tables.find(
    (table) => /^model_providers\s*\.\s*["']?([^"'\]]+)["']?\s*\]/.exec(table)?.[1]?.trim() === name,
  );
  return /^\s*env_key\s*=\s*["']([^"']+)["']/m.exec(own ?? '')?.[1];
}

/** Codex. */
export const codex: Dialect = {
  name: 'codex',
  program: 'codex',
  install: 'install it with `npm install -g @openai/codex`, or name it under `engines:` in the configuration',
  tested: { from: '0.169.0', to: '0.169' },
  packages: ['@openai/codex'],
  signIn: {
    // It reads OPENAI_API_KEY at `codex login --with-api-key` alone; a request has no key of it.
    variables: ['CODEX_API_KEY'],
    files: (env) => {
      const home = homeOf(env);
      if (home === undefined) return [];
      return [
        { path: `${home}/auth.json`, keys: ['OPENAI_API_KEY', 'tokens'] },
        { path: `${home}/config.toml`, keys: [], pattern: OTHER_PROVIDER, wants: keyOfProvider },
      ];
    },
    ask: ['login', 'status'],
    help: 'sign in with `codex login`, give it a key by `codex login --with-api-key`, or set CODEX_API_KEY',
  },
  sandboxCheck: ['sandbox', '--', 'true'],
  settings: (env) => {
    const home = homeOf(env);
    return home === undefined ? undefined : `${home}/config.toml`;
  },
  capabilities,
  variables: () => [...VARIABLES, 'AZURE_OPENAI_API_KEY'],
  command,
  reader: ({ model, mcp }) => codexReader(model, mcp),
  ledgerFile: (env, session) => {
    const home = homeOf(env);
    return home === undefined ? undefined : { directory: `${home}/sessions`, suffix: `-${session}.jsonl` };
  },
  ledger: codexLedger,
};

function homeOf(env: Readonly<Record<string, string>>): string | undefined {
  return env.CODEX_HOME ?? (env.HOME === undefined ? undefined : `${env.HOME}/.codex`);
}

function command(job: PromptJob, place: DialectPlace): EngineCommand {
  const schema = answerSchema(job);
  const files: Record<string, string> = {};
  const args = ['exec', '--json', '--skip-git-repo-check', '-C', place.cwd];
  if (place.cwd !== place.root) args.push('--add-dir', place.root);
  // A second `-m` is refused, so this stays the only place that names a model.
  if (job.model !== undefined) args.push('-m', job.model);
  for (const setting of settings(job, place)) args.push('-c', setting);
  args.push(...sandbox(job));
  if (schema !== undefined) {
    files['schema.json'] = JSON.stringify(schema);
    args.push('--output-schema', `${place.scratch}/schema.json`);
  }
  // After `resume` and `fork` the flags above are unknown.
  if (job.session !== undefined) args.push(job.session.fork ? 'fork' : 'resume', job.session.id);
  args.push('-');
  return {
    args,
    env: privateTemporary(job, place),
    stdin:
      job.schema !== undefined && schema === undefined
        ? promptWithSchema(job.prompt, job.schema)
        : job.prompt,
    files,
  };
}

function answerSchema({ schema }: PromptJob): JsonObject | undefined {
  return schema !== undefined && fitsStrictOutput(schema) ? schema : undefined;
}

/** `max` is ours; the models call their highest level so. */
const EFFORTS: Readonly<Record<Effort, string>> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  max: 'xhigh',
};

/** Lines of `config.toml`. A JSON text is a TOML text, a list of texts a list. */
function settings(job: PromptJob, { passed = [] }: DialectPlace): readonly string[] {
  const lines = [
    'approval_policy="never"',
    // Sending its metrics holds the exit up for five seconds where there is no network.
    'analytics.enabled=false',
    'features.plugins=false',
    'check_for_update_on_startup=false',
    `shell_environment_policy.exclude=${JSON.stringify([...KEYS, ...passed])}`,
  ];
  // The search runs at the provider, where no sandbox of ours reaches it.
  if (job.network !== 'on') lines.push('web_search="disabled"');
  if (job.effort !== undefined) lines.push(`model_reasoning_effort="${EFFORTS[job.effort]}"`);
  if (job.system !== undefined) lines.push(`developer_instructions=${tomlText(job.system)}`);
  for (const [name, server] of Object.entries(job.mcp ?? {})) {
    const key = `mcp_servers.${name}`;
    if (server.url !== undefined) lines.push(`${key}.url=${tomlText(server.url)}`);
    if (server.command !== undefined) lines.push(`${key}.command=${tomlText(server.command)}`);
    if (server.args !== undefined) lines.push(`${key}.args=[${server.args.map(tomlText).join(',')}]`);
    // Without it a server that does not start is passed over in silence.
    lines.push(`${key}.required=true`);
    const env = Object.entries(server.env ?? {}).map(
      ([variable, value]) => `${tomlText(variable)}=${tomlText(value)}`,
    );
    if (env.length > 0) lines.push(`${key}.env={${env.join(',')}}`);
  }
  return lines;
}

/** The profile of permissions that a writing step gets, in `config.toml`'s terms. */
const PROFILE = 'codemachine';

/**
 * `workspace-write` would take all of /tmp for a part of the workspace, and `.codemachine/` for a directory like others; a profile of
 * our own is the only way to except one. It cannot stand beside `-s`.
 */
function sandbox(job: PromptJob): readonly string[] {
  switch (job.access) {
    case 'read':
      return ['-s', 'read-only'];
    case 'write': {
      const roots = '":workspace_roots"={"."="write",".codemachine"="read"}';
      const files = `filesystem={":slash_tmp"="read",${roots}}`;
      const network = `network={enabled=${job.network === 'on'}}`;
      const profile = `permissions.${PROFILE}={extends=":workspace",${files},${network}}`;
      return ['-c', `default_permissions="${PROFILE}"`, '-c', profile];
    }
    case 'full':
      return ['--dangerously-bypass-approvals-and-sandbox'];
  }
}

/** The sandbox opens $TMPDIR for writing; one of the attempt's own lets compilers work and nothing else leak. */
function privateTemporary(job: PromptJob, place: DialectPlace): Readonly<Record<string, string>> {
  return job.access === 'write' ? { TMPDIR: `${place.scratch}/tmp` } : {};
}
