// The environments in which the real engine CLIs talk to the scripted model alone.
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

import type { ModelServer } from './model-server.ts';

// The credential every environment here uses; it opens nothing.
const fakeKey = 'fake-key';

/** How Claude Code signs in: `oauth` is a subscription, the only one with a plan's usage limit. */
export type ClaudeAuth = 'api-key' | 'bearer' | 'oauth';

// Nothing else of the tests' own environment: an engine that found real credentials would use them.
function base(home: string): Record<string, string> {
  const path = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
  return { HOME: home, PATH: path, LANG: 'C.UTF-8', TERM: 'dumb' };
}

const claudeKeys: Record<ClaudeAuth, string> = {
  'api-key': 'ANTHROPIC_API_KEY',
  bearer: 'ANTHROPIC_AUTH_TOKEN',
  oauth: 'CLAUDE_CODE_OAUTH_TOKEN',
};

/** The whole environment for `claude` against the server; `home` is an absolute scratch directory. */
export function claudeEnv(
  server: Pick<ModelServer, 'url'>,
  home: string,
  auth: ClaudeAuth = 'api-key',
): Record<string, string> {
  const config = join(home, '.claude');
  mkdirSync(config, { recursive: true });
  return {
    ...base(home),
    ANTHROPIC_BASE_URL: server.url,
    [claudeKeys[auth]]: fakeKey,
    CLAUDE_CONFIG_DIR: config,
    CLAUDE_CODE_MAX_RETRIES: '0',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_TELEMETRY: '1',
    // Full access as root is refused without it, and containers are often root.
    IS_SANDBOX: '1',
  };
}

/** The `config.toml` that makes Codex use the server, with everything off that would leave this machine. */
function codexConfig(server: Pick<ModelServer, 'url'>): string {
  return `model_provider = "local"
check_for_update_on_startup = false
web_search = "disabled"

[model_providers.local]
name = "local"
base_url = "${server.url}/v1"
env_key = "LOCAL_API_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1

[analytics]
enabled = false

[features]
plugins = false
`;
}

/**
 * Writes `config.toml` below `home` (an absolute scratch directory) and returns the whole environment for `codex`
 * against the server.
 */
export function codexHome(server: Pick<ModelServer, 'url'>, home: string): Record<string, string> {
  const config = join(home, '.codex');
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'config.toml'), codexConfig(server));
  return { ...base(home), CODEX_HOME: config, LOCAL_API_KEY: fakeKey };
}

/**
 * The whole environment for `gemini` against the server; `home` is an absolute scratch directory, in which `more` stands in its
 * settings.
 */
export function geminiEnv(
  server: Pick<ModelServer, 'url'>,
  home: string,
  more: Record<string, unknown> = {},
): Record<string, string> {
  const config = join(home, '.gemini');
  mkdirSync(config, { recursive: true });
  // With a base URL and no choice of its own it takes the sign-in to be a gateway's, and refuses that.
  const settings = { security: { auth: { selectedType: 'gemini-api-key' } }, ...more };
  writeFileSync(join(config, 'settings.json'), JSON.stringify(settings));
  return {
    ...base(home),
    GOOGLE_GEMINI_BASE_URL: server.url,
    GEMINI_API_KEY: fakeKey,
    // Where no model is named it asks another one which to take.
    GEMINI_MODEL: 'gemini-2.5-flash',
  };
}

/** What OpenCode is told of the model: prices in dollars for a million tokens. */
const scripted = {
  name: 'Scripted',
  reasoning: true,
  cost: { input: 3, output: 15, cache_read: 0.3 },
  limit: { context: 200_000, output: 8_000 },
};

/**
 * Writes `opencode.json` below `home` (an absolute scratch directory) and returns the whole environment for `opencode` against the
 * server.
 */
export function opencodeEnv(server: Pick<ModelServer, 'url'>, home: string): Record<string, string> {
  const config = join(home, '.config/opencode');
  // Where these are, it fetches no package for plugins from the registry.
  mkdirSync(join(config, 'node_modules'), { recursive: true });
  const plugin = { dependencies: { '@opencode-ai/plugin': '*' } };
  writeFileSync(join(config, 'package-lock.json'), JSON.stringify({ packages: { '': plugin } }));
  const local = {
    npm: '@ai-sdk/openai-compatible',
    name: 'Local',
    options: { baseURL: `${server.url}/v1`, apiKey: fakeKey },
    models: { scripted },
  };
  writeFileSync(
    join(config, 'opencode.json'),
    JSON.stringify({ model: 'local/scripted', provider: { local } }),
  );
  return base(home);
}
