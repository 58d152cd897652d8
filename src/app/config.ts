/** Loads the configuration of the repository and of the user. */
import os from 'node:os';
import path from 'node:path';
import type { Config } from '../model/config.ts';
import { NO_CONFIG } from '../model/config.ts';
import { hasErrors } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import { readText } from './files.ts';
import type { Place } from './place.ts';
import { shown } from './place.ts';
import type { Refusal } from './refusal.ts';

/** Reads `.codemachine/config.yml` and `~/.config/codemachine/config.yml`; the user's wins, and of policies (`policy.yml` beside the latter) the most restrictive. None need exist. */
export async function loadConfig(place: Place, env: NodeJS.ProcessEnv): Promise<Result<Config, Refusal>> {
  return load(place, [path.join(place.root, '.codemachine', 'config.yml'), userConfig(env), userPolicy(env)]);
}

/**
 * Reads the user's own configuration alone: for commands that must not start what a repository names.
 * @param repository what stands below it and is no part of what is given: what it adds to an engine that is declared there is judged with that
 */
export async function loadUserConfig(
  place: Place,
  env: NodeJS.ProcessEnv,
  repository: Result<Config, unknown>,
): Promise<Result<Config, Refusal>> {
  const below = repository.ok ? repository.value.engines : {};
  return load(place, [userConfig(env), userPolicy(env)], below);
}

/** Reads the repository's configuration alone: to say of it what is wrong, and what it names. */
export async function loadRepositoryConfig(place: Place): Promise<Result<Config, Refusal>> {
  return load(place, [path.join(place.root, '.codemachine', 'config.yml')]);
}

async function load(
  place: Place,
  files: readonly string[],
  under: Config['engines'] = {},
): Promise<Result<Config, Refusal>> {
  let config = NO_CONFIG;
  const repository = path.join(place.root, '.codemachine', 'config.yml');
  for (const file of files) {
    const text = readText(file);
    if (!text.ok) {
      if (text.error === 'is not there') continue;
      return err({ message: `${shown(place, file)} ${text.error}` });
    }
    // Most commands find no configuration; its reader is not loaded for them.
    const { mergeConfig, readConfig } = await import('../workflow/config.ts');
    const source = { path: shown(place, file), text: text.value };
    const as = path.basename(file) === POLICY ? 'policy' : 'config';
    const around = { below: { ...under, ...config.engines }, ofRepository: file === repository };
    let read = readConfig(source, as, around);
    if (hasPatterns(read.config)) {
      const { compilePattern } = await import('../engines/patterns.ts');
      read = readConfig(source, as, { ...around, pattern: compilePattern });
    }
    if (hasErrors(read.diagnostics)) {
      return err({
        message: `${source.path} has errors`,
        diagnostics: read.diagnostics,
        sources: new Map([[source.path, source.text]]),
      });
    }
    config = mergeConfig(config, read.config);
  }
  return ok(config);
}

/** What judges a pattern is loaded only where there is one. */
function hasPatterns({ engines }: Config): boolean {
  return Object.values(engines).some(({ declared }) => (declared?.failure ?? []).length > 0);
}

function userConfig(env: NodeJS.ProcessEnv): string {
  return path.join(userDirectory(env), 'config.yml');
}

const POLICY = 'policy.yml';

function userPolicy(env: NodeJS.ProcessEnv): string {
  return path.join(userDirectory(env), POLICY);
}

/** Where the user's own configuration is. */
export function userDirectory(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CONFIG_HOME'] || path.join(env['HOME'] || os.homedir(), '.config');
  return path.join(base, 'codemachine');
}
