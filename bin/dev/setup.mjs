// Makes a fresh clone ready: packages as locked, and a SQLite driver that loads in this Node.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '../..');
// Version 13 needs Node-API 10: on Node 20 it installs and then crashes the process.
const driver = Number(process.versions.napi) >= 10 ? 'better-sqlite3' : 'bs3-n20';
const binary = path.join(root, 'node_modules', driver, 'build/Release/better_sqlite3.node');

/** Does only what is missing; a second call takes a fraction of a second. Throws a sentence if it cannot. */
export function setup() {
  if (!packagesAreLocked()) install();
  if (!existsSync(path.join(root, 'node_modules/better-sqlite3/package.json'))) addNewerDriver();
  if (driverLoads()) return;
  if (driver === 'better-sqlite3') {
    throw new Error(
      `The SQLite driver brings a compiled binary that does not load on ${process.platform}-${process.arch} with Node ${process.versions.node}: run \`npm ci\` once more, or use another Node.`,
    );
  }
  const cached = path.join(cacheDirectory(), cacheName(), 'better_sqlite3.node');
  if (existsSync(cached)) {
    place(cached, binary);
    if (driverLoads()) return;
  }
  compile();
  if (!driverLoads()) throw new Error(`The SQLite driver was compiled, but does not load: see ${binary}.`);
  place(binary, cached);
}

// npm leaves a note of what it installed; comparing it costs milliseconds, `npm ci` half a minute.
function packagesAreLocked() {
  try {
    const locked = read('package-lock.json').packages;
    const installed = read('node_modules/.package-lock.json').packages;
    return Object.entries(locked).every(([where, { version, optional }]) => {
      if (where === '') return true;
      const there = installed[where]?.version;
      return there === version || (there === undefined && optional === true);
    });
  } catch {
    return false;
  }
}

// Install scripts are not run: the older driver's would first try to download what may be out of reach.
function install() {
  say('installing packages');
  const { status } = npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) {
    throw new Error('`npm ci` failed, see above: the npm registry has to be reachable for the first build.');
  }
}

// On Node 20 npm leaves the newer driver out; tests that hand one file from Node 20 to Node 24 need both.
function addNewerDriver() {
  const { version, integrity } = read('package-lock.json').packages['node_modules/better-sqlite3'];
  const kept = path.join(cacheDirectory(), `better-sqlite3-${version}.tgz`);
  const fits = () => existsSync(kept) && `sha512-${sha512(readFileSync(kept))}` === integrity;
  if (!fits()) {
    const directory = mkdtempSync(path.join(tmpdir(), 'codemachine-driver-'));
    npm(['pack', `better-sqlite3@${version}`, '--pack-destination', directory, '--loglevel=error']);
    const [packed] = readdirSync(directory);
    if (packed !== undefined) place(path.join(directory, packed), kept);
    rmSync(directory, { recursive: true });
  }
  if (!fits())
    throw new Error(
      `better-sqlite3 ${version} could not be fetched as it is locked: is the npm registry reachable?`,
    );
  const target = path.join(root, 'node_modules/better-sqlite3');
  const fresh = `${target}-${process.pid}`;
  mkdirSync(fresh);
  execFileSync('tar', ['-xzf', kept, '-C', fresh, '--strip-components=1']);
  renameSync(fresh, target);
}

function sha512(bytes) {
  return createHash('sha512').update(bytes).digest('base64');
}

function driverLoads() {
  // In a child: a driver made for another Node may take the process down with it.
  const script = `const D = require(${JSON.stringify(driver)}); new D(':memory:').exec('select 1')`;
  return spawnSync(process.execPath, ['-e', script], { cwd: root, stdio: 'ignore' }).status === 0;
}

function compile() {
  for (const tool of ['make', 'g++', 'python3']) {
    if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0) continue;
    throw new Error(
      `The SQLite driver for Node 20 has to be compiled, and ${tool} is missing: install the Debian packages build-essential and python3, or use Node 22 or newer, where nothing is compiled.`,
    );
  }
  say('compiling the SQLite driver for Node 20, once for this machine (about a minute)');
  const prefix = path.dirname(path.dirname(process.execPath));
  const headers = existsSync(path.join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
  const { status, stdout, stderr } = npm(['rebuild', '--ignore-scripts=false', '--loglevel=error', driver], {
    stdio: 'pipe',
    env: { ...process.env, ...headers, npm_config_build_from_source: 'true', JOBS: 'max' },
  });
  if (status === 0 && existsSync(binary)) return;
  throw new Error(`The SQLite driver could not be compiled:\n${`${stdout}${stderr}`.slice(-4000)}`);
}

function cacheDirectory() {
  const base = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  return path.join(base, 'codemachine-dev/sqlite');
}

function cacheName() {
  const { version } = read(`node_modules/${driver}/package.json`);
  const header = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
    .header;
  const libc =
    process.platform !== 'linux' ? 'system' : header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  return [version, `abi${process.versions.modules}`, process.platform, process.arch, libc].join('-');
}

// Two checkouts may fill the cache at once: each writes its own file, and the last name wins whole.
function place(from, to) {
  mkdirSync(path.dirname(to), { recursive: true });
  const fresh = `${to}.${process.pid}`;
  copyFileSync(from, fresh);
  renameSync(fresh, to);
}

function npm(arguments_, options = {}) {
  return spawnSync('npm', arguments_, { cwd: root, stdio: ['ignore', 2, 2], encoding: 'utf8', ...options });
}

function read(file) {
  return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
}

function say(sentence) {
  process.stderr.write(`setup: ${sentence}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    setup();
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
