// Makes projects on a machine that has no engines but those that a test plants.
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { makeProject, type Project } from './repository.ts';

const TOOLS = ['git', 'sh', 'bash', 'cat', 'touch', 'script'];

/** A project that is gone after the test, with a `PATH` on which there are these tools, and engines which can only say their version. */
export function projectOf(
  files: Readonly<Record<string, string>> = {},
  engines: Readonly<Record<string, string>> = {},
): Project {
  const project = makeProject({ 'a.txt': 'a\n', ...files });
  onTestFinished(() => project.remove());
  const bin = path.join(project.base, 'bin');
  mkdirSync(bin);
  const { stdout } = spawnSync(
    '/bin/sh',
    ['-c', `for tool in ${TOOLS.join(' ')}; do command -v $tool; done`],
    { encoding: 'utf8' },
  );
  for (const found of stdout.split('\n').filter((line) => line.startsWith('/')))
    symlinkSync(found, path.join(bin, path.basename(found)));
  for (const [name, version] of Object.entries(engines))
    writeFileSync(path.join(bin, name), `#!/bin/sh\n[ "$1" = --version ] && echo "${version}"\n`, {
      mode: 0o755,
    });
  return { ...project, environ: { ...project.environ, PATH: bin } };
}
