// Kills the runner far more often than a change can wait for, printing the figures.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { buildAll } from './build.mjs';

const root = path.resolve(import.meta.dirname, '../..');

// CODEMACHINE_KILLS, CODEMACHINE_KILL_SEED, CODEMACHINE_KILL_PARALLEL choose another number, a known seed, more repositories at once.
const env = { CODEMACHINE_KILLS: '2000', ...process.env };

try {
  await buildAll();
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--config', '.config/vitest.config.ts', 'test/kill/kill.test.ts'];
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
} catch (error) {
  console.error(`soak: ${error.message}`);
  process.exitCode = 1;
}
