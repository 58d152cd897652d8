/** Finds official Node binaries of other versions, installing them into a cache directory where they are missing. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The releases that are tested; exact, so that two machines test the same. */
const PINS = { '20': '20.20.2', '22': '22.23.3', '24': '24.21.0' } as const;

/** A major version of Node that users run. */
export type NodeMajor = keyof typeof PINS;

/** The path of a Node binary; the running one where it is of that major version. Throws a sentence when npm cannot install it. */
export function nodeBinary(major: NodeMajor): string {
  if (process.versions.node.split('.')[0] === major) return process.execPath;
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  const root = path.join(cache, 'codemachine-dev', 'nodes');
  const name = `node-${process.platform}-${process.arch}`;
  const version = PINS[major];
  const place = path.join(root, `${name}-${version}`);
  const binary = path.join(place, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(root, { recursive: true });
  const temporary = mkdtempSync(path.join(root, `.${name}-`));
  try {
    writeFileSync(path.join(temporary, 'package.json'), '{"private":true}');
    const npm = spawnSync(
      'npm',
      ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${version}`],
      {
        cwd: temporary,
        encoding: 'utf8',
      },
    );
    if (npm.status !== 0) throw new Error(`npm could not install ${name}@${version}: ${npm.stderr}`);
    try {
      renameSync(temporary, place);
    } catch (error) {
      // Two installers may race: whoever comes second finds the place taken by the same thing.
      if (!existsSync(binary)) throw error;
    }
    return binary;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
