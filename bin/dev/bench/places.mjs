// Makes what the bench works with: a throw-away repository, a bare environment, the other runners.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

/** Exact, so that two machines compare with the same; later ones of gitlab-ci-local do not start on Node 20. */
const RIVALS = { wireit: '0.14.13', 'gitlab-ci-local': '4.60.0' };

/** Variables of the caller that make every Node start slower (NODE_EXTRA_CA_CERTS: by 30 ms) would flatter each ratio. */
export function bareEnvironment(/** @type {string} */ home) {
  return { PATH: process.env.PATH ?? '', HOME: home, LANG: 'C.UTF-8' };
}

/** A repository with one commit, beside an empty home; `remove` takes both away. */
export function makePlace() {
  const root = mkdtempSync(path.join(tmpdir(), 'codemachine-bench-'));
  const [home, work] = [path.join(root, 'home'), path.join(root, 'work')];
  mkdirSync(home);
  mkdirSync(work);
  const env = bareEnvironment(home);
  const git = (/** @type {string[]} */ ...rest) => execFileSync('git', rest, { cwd: work, env });
  git('init', '--quiet');
  git(
    '-c',
    'user.name=bench',
    '-c',
    'user.email=bench@localhost',
    'commit',
    '-q',
    '--allow-empty',
    '-m',
    'one',
  );
  return { work, env, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/**
 * The directory of `node_modules` in which another runner is installed.
 * @param {keyof typeof RIVALS} name
 */
export function rival(name) {
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  const root = path.join(cache, 'codemachine-dev', 'rivals');
  const place = path.join(root, `${name}-${RIVALS[name]}`);
  if (!existsSync(place)) install(root, place, `${name}@${RIVALS[name]}`);
  return path.join(place, 'node_modules');
}

function install(/** @type {string} */ root, /** @type {string} */ place, /** @type {string} */ wanted) {
  mkdirSync(root, { recursive: true });
  const fresh = mkdtempSync(path.join(root, '.fresh-'));
  writeFileSync(path.join(fresh, 'package.json'), '{"private":true}');
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', wanted], {
    cwd: fresh,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error(`npm could not install ${wanted}`);
  renameSync(fresh, place);
}
