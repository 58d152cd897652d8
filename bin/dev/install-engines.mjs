#!/usr/bin/env node
// Installs the pinned engine CLIs into a cache directory outside the repository.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const pins = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../test/support/engine-pins.json', import.meta.url)), 'utf8'),
);
const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
const root = process.env.CODEMACHINE_ENGINES_DIR || path.join(cache, 'codemachine-dev', 'engines');

/** Where an installed engine's command stands inside its own directory. */
function commandOf(directory, pin) {
  return path.join(directory, 'node_modules', '.bin', pin.command);
}

/**
 * The lines of npm's complaint that say why, without its stack.
 * @param {string} stderr
 */
function reasonIn(stderr) {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/^npm error\s+at /.test(line));
  return lines.slice(0, 4).join('\n');
}

/** Installs one engine beside its final place, then moves it there in one rename; returns a sentence on failure. */
function install(name, pin, target) {
  const temporary = mkdtempSync(path.join(root, `.${name}-`));
  try {
    // Both CLIs put their native binary in an optional dependency, and Claude Code links it by an install
    // script, so a user's own `omit=optional` or `ignore-scripts=true` must not apply. npm 12 blocks the
    // scripts of packages the manifest does not name.
    const manifest = {
      private: true,
      dependencies: { [pin.package]: pin.version },
      allowScripts: { [pin.package]: true },
    };
    writeFileSync(path.join(temporary, 'package.json'), JSON.stringify(manifest));
    const npm = spawnSync(
      'npm',
      [
        'install',
        '--include=optional',
        '--ignore-scripts=false',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ],
      { cwd: temporary, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' },
    );
    if (npm.error) return `npm could not be started: ${npm.error.message}. Install npm and run this again.`;
    if (npm.status !== 0) {
      return `npm install of ${pin.package}@${pin.version} ended with ${npm.status ?? npm.signal}:\n${reasonIn(npm.stderr)}`;
    }
    const version = spawnSync(commandOf(temporary, pin), ['--version'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (version.status !== 0 || !version.stdout.includes(pin.version)) {
      const said = version.error?.message ?? (version.stderr || version.stdout).trim();
      return `${pin.package} was installed, yet \`${pin.command} --version\` did not answer ${pin.version}: ${said}`;
    }
    try {
      renameSync(temporary, target);
    } catch (error) {
      // Two installers may race: whoever comes second finds the place taken by the same thing.
      if (!existsSync(commandOf(target, pin)))
        return `${target} is in the way: ${error.message}. Remove it and run this again.`;
    }
    return undefined;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

let failed = false;
mkdirSync(root, { recursive: true });
for (const [name, pin] of Object.entries(pins)) {
  const target = path.join(root, `${name}-${pin.version}`);
  const trouble = existsSync(commandOf(target, pin)) ? undefined : install(name, pin, target);
  if (trouble === undefined) {
    process.stdout.write(`${name} ${pin.version}: ${commandOf(target, pin)}\n`);
  } else {
    failed = true;
    process.stderr.write(`${name} ${pin.version} is not installed. ${trouble}\n`);
  }
}
process.exitCode = failed ? 1 : 0;
