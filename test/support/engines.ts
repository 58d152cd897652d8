// Finds the pinned engine CLIs that `bin/dev/install-engines.mjs` installed.
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import pins from './engine-pins.json' with { type: 'json' };

/** An engine with a pinned version. */
export type PinnedEngine = keyof typeof pins;

/** The engine's command, or a sentence saying why it is missing. */
export type EngineBinary = { path: string; version: string } | { path: undefined; reason: string };

/** Looks for an engine in `CODEMACHINE_ENGINES_DIR`, or in the user's cache directory. Nothing is started. */
export function engineBinary(engine: PinnedEngine): EngineBinary {
  const { command, version } = pins[engine];
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const root = process.env.CODEMACHINE_ENGINES_DIR || join(cache, 'codemachine-dev', 'engines');
  const path = join(root, `${engine}-${version}`, 'node_modules', '.bin', command);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return {
      path: undefined,
      reason: `${engine} ${version} is not installed: run \`node bin/dev/install-engines.mjs\``,
    };
  }
  return { path, version };
}
