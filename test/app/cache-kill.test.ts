// Kills the program before and after each git that writes while a result is taken from the cache: the resume ends as if nothing had been.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

const WORKFLOW = (workspace: string): string => `steps:
  - id: build
    run: echo x >> "$HOME/../made"; mkdir -p out; echo 1 > out/a.txt; echo 2 > out/b.txt; echo more >> a.txt
    cache: { inputs: [input.txt] }
    workspace: ${workspace}
  - { id: use, run: cat out/a.txt out/b.txt a.txt }
`;

/** At every so manieth of them in `npm run ci`, at each in the soak. */
const EVERY = Number(process.env['CODEMACHINE_KILL_EVERY'] ?? 6);

/** Gits that change something which lasts. */
const WRITERS = 'update-ref|checkout-index|merge-tree|read-tree';

/** A PATH whose git counts those that write, and kills the one who called the n-th of them, before it does anything or after. */
function killing(project: Project, n: number, when: 'before' | 'after'): Readonly<Record<string, string>> {
  const bin = path.join(project.base, 'bin');
  mkdirSync(bin, { recursive: true });
  const counter = path.join(project.base, 'count');
  writeFileSync(counter, '');
  const real = '"$(PATH="${PATH#*:}" command -v git)" "$@"';
  const dies = when === 'before' ? 'kill -9 $PPID; exit 1' : `${real}; kill -9 $PPID; exit 1`;
  const script = `#!/bin/bash
for word in "$@"; do case "$word" in ${WRITERS})
  echo >> '${counter}'
  if [ "$(wc -l < '${counter}')" = ${n} ]; then ${dies}; fi
esac; done
exec ${real}
`;
  writeFileSync(path.join(bin, 'git'), script);
  chmodSync(path.join(bin, 'git'), 0o755);
  return { PATH: `${bin}:${project.environ.PATH ?? ''}` };
}

function made(project: Project): number {
  const file = path.join(project.home, '../made');
  return existsSync(file) ? readFileSync(file, 'utf8').length / 2 : 0;
}

async function prepared(workspace: string): Promise<Project> {
  const project = projectWith({ w: WORKFLOW(workspace) }, { 'input.txt': 'i\n' });
  expect((await say(project, 'run w')).code).toBe(0);
  expect(made(project)).toBe(1);
  return project;
}

function reset(project: Project): void {
  rmSync(path.join(project.root, 'out'), { recursive: true, force: true });
  project.write('a.txt', 'a\n');
}

describe('a result that is taken from the cache', () => {
  it.each([
    ['shared', 'before', 1],
    ['shared', 'after', 2],
    ['isolated', 'after', 3],
  ] as const)(
    'is taken once in a tree that is %s, whenever the runner dies %s a git that writes',
    {
      timeout: 240_000,
    },
    async (workspace, when, first) => {
      const project = await prepared(workspace);
      let kills = 0;
      for (let n = EVERY === 1 ? 1 : first; ; n += EVERY) {
        reset(project);
        const end = await say(project, 'run w --json', { env: killing(project, n, when) });
        if (end.signal !== 'SIGKILL') {
          expect(end.code).toBe(0);
          break;
        }
        kills += 1;
        let gone = await say(project, 'resume @last --json');
        // Killed before it was recorded, there is no run to go on with.
        if (!gone.stdout.includes('run-finished')) gone = await say(project, 'run w --json');
        expect(gone.code, `kill ${n}: ${gone.stderr}`).toBe(0);
        const there = ['out/a.txt', 'out/b.txt', 'a.txt'].map((file) => project.read(file)).join('');
        expect(there, `kill ${n}`).toBe('1\n2\na\nmore\n');
      }
      expect(kills * EVERY).toBeGreaterThan(4);
      expect(made(project)).toBe(1);
    },
  );
});
