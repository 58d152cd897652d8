// Runs the example in a throw-away repository, with recorded answers of its agents, and shows what changed.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setup } from './setup.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const project = path.join(root, 'examples/demo-project');

// A fresh machine has no git identity, and the one of its owner has no business in a demonstration.
const author = ['-c', 'user.name=demo', '-c', 'user.email=demo@localhost', '-c', 'init.defaultBranch=main'];

function start(directory, file, ...rest) {
  const { status, error } = spawnSync(file, rest, { cwd: directory, stdio: 'inherit' });
  if (error !== undefined) throw new Error(`${file} cannot be started: ${error.message}`);
  return status ?? 1;
}

function git(directory, ...rest) {
  if (start(directory, 'git', ...author, ...rest) !== 0) throw new Error(`git ${rest[0]} failed, see above`);
}

async function demo() {
  setup();
  const { buildAll } = await import('./build.mjs');
  await buildAll();
  const directory = mkdtempSync(path.join(tmpdir(), 'codemachine-demo-'));
  try {
    if (existsSync(project)) cpSync(project, directory, { recursive: true });
    cpSync(path.join(root, 'examples/demo.yml'), path.join(directory, 'demo.yml'));
    git(directory, 'init', '--quiet');
    git(directory, 'add', '--all');
    git(directory, 'commit', '--quiet', '--message', 'Before the demo');
    const program = path.join(root, 'bin/codemachine.js');
    const recordings = path.join(root, 'examples/recordings/demo');
    const status = start(directory, process.execPath, program, 'run', 'demo.yml', '--replay', recordings);
    console.log('\nWhat changed in the repository:');
    git(directory, '--no-pager', 'diff', '--stat', '--patch');
    return status;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await demo();
} catch (error) {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
}
