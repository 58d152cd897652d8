// Points the engines of a project at the scripted model.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { engineBinary, type PinnedEngine } from '../support/engines.ts';
import { claudeEnv, codexHome, geminiEnv, opencodeEnv } from '../support/model-server/environments.ts';
import type { ModelServer } from '../support/model-server/model-server.ts';
import { makeProject, type Project } from '../support/repository.ts';

/** A reason to skip, where an engine is not installed. */
export const missingEngines = (['claude-code', 'codex'] as const)
  .map((engine) => engineBinary(engine))
  .flatMap((found) => (found.path === undefined ? [found.reason] : []));

/** How the engines of a project are reached, where it differs. */
export interface EnginesOptions {
  /** Names a command of its own for an engine. */
  readonly commands?: Partial<Record<PinnedEngine, readonly string[]>>;
  /** Variables of the configuration, by engine. */
  readonly env?: Partial<Record<PinnedEngine, Readonly<Record<string, string>>>>;
}

/** A project whose engines are the real ones and whose model is the scripted one. */
export function agentProject(
  server: Pick<ModelServer, 'url'>,
  files: Readonly<Record<string, string>>,
  options: EnginesOptions = {},
): Project {
  // On a disk: the sandbox of Codex has a /dev of its own.
  const project = makeProject({ 'notes.txt': 'old notes\n', ...files }, tmpdir());
  const claude = claudeEnv(server, project.home);
  const { LOCAL_API_KEY, ...codex } = codexHome(server, project.home);
  mkdirSync(path.join(project.root, '.codemachine'), { recursive: true });
  const config = {
    engines: {
      'claude-code': {
        command: options.commands?.['claude-code'] ?? [binary('claude-code')],
        env: { CLAUDE_CODE_MAX_RETRIES: '0', ...options.env?.['claude-code'] },
      },
      codex: {
        command: options.commands?.codex ?? [binary('codex')],
        env: { LOCAL_API_KEY, ...options.env?.codex },
      },
    },
  };
  project.write('.codemachine/config.yml', stringify(config));
  project.git('add', '-A');
  project.git('commit', '-q', '-m', 'configuration');
  const { PATH: _, HOME: __, ...engines } = { ...claude, ...codex };
  return { ...project, environ: { ...engines, ...project.environ } };
}

/** What each needs to talk to the scripted model alone: variables of the caller, and such as the configuration has to name. */
const ENVIRONMENTS: Readonly<
  Record<PinnedEngine, (server: Pick<ModelServer, 'url'>, home: string) => Readonly<Record<string, string>>>
> = {
  'claude-code': (server, home) => claudeEnv(server, home),
  codex: codexHome,
  // What it tells its makers can be switched off in its settings alone.
  gemini: (server, home) => geminiEnv(server, home, { privacy: { usageStatisticsEnabled: false } }),
  opencode: opencodeEnv,
};

/** A project of any of the real engines, with what else is in the tree. Their places stand in the user's own configuration. */
export function anyProject(
  server: Pick<ModelServer, 'url'>,
  engines: readonly PinnedEngine[],
  files: Readonly<Record<string, string>>,
): Project {
  const project = makeProject({ 'notes.txt': 'old notes\n', ...files }, tmpdir());
  const config: Record<string, unknown> = {};
  let environ: Readonly<Record<string, string>> = {};
  for (const engine of engines) {
    const { PATH: _, HOME: __, LOCAL_API_KEY, ...more } = ENVIRONMENTS[engine](server, project.home);
    environ = { ...environ, ...more };
    const env = LOCAL_API_KEY === undefined ? {} : { env: { LOCAL_API_KEY } };
    config[engine] = { command: [binary(engine)], ...env };
  }
  const directory = path.join(project.home, '.config/codemachine');
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'config.yml'), stringify({ engines: config }));
  return { ...project, environ: { ...environ, ...project.environ } };
}

function binary(engine: PinnedEngine): string {
  const found = engineBinary(engine);
  if (found.path === undefined) throw new Error(found.reason);
  return found.path;
}

/** The files of the transcripts of a run, by `step directory/file`, without the hash in the directory's name. */
export function transcripts(project: Project, run: string): Record<string, string> {
  const directory = path.join(project.stateDir, 'runs', run);
  const all: Record<string, string> = {};
  for (const step of readdirSync(directory).filter((name) => !name.endsWith('.output'))) {
    for (const file of readdirSync(path.join(directory, step)))
      all[`${step.replace(/-[0-9a-f]{8}\./, '.')}/${file}`] = readFileSync(
        path.join(directory, step, file),
        'utf8',
      );
  }
  return all;
}
