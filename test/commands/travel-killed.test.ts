// Kills imports in the middle: nothing of the run is there, and the next one makes it whole.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { say } from './project.ts';
import { clone, exported, parked, runs } from './travel-project.ts';

beforeAll(built);

/** A PATH whose git kills the one who calls it, before or after it does a thing for the first time. */
function killing(project: Project, what: string, when: 'before' | 'after'): Readonly<Record<string, string>> {
  const bin = path.join(project.base, `git-${when}-${what}`);
  mkdirSync(bin);
  const own = path.join(bin, 'git');
  const real = '"$(PATH="${PATH#*:}" command -v git)" "$@"';
  const run = when === 'before' ? 'kill -9 $PPID; exit 1' : `${real}; kill -9 $PPID; exit 1`;
  writeFileSync(own, `#!/bin/bash\ncase " $* " in *" ${what} "*) ${run};; esac\nexec ${real}\n`);
  chmodSync(own, 0o755);
  return { PATH: `${bin}:${project.environ.PATH ?? ''}` };
}

describe('an import that is killed', () => {
  it('has brought nothing, and is made whole by the next one', async () => {
    const project = await parked();
    const bundle = await exported(project);
    const points = [
      ['update-ref', 'after'],
      ['checkout-index', 'before'],
    ] as const;
    for (const [what, when] of points) {
      const there = clone(project, `${what}-${when}`);
      const end = await startCli(there, ['import', bundle], { env: killing(project, what, when) }).ended;
      expect([what, when, end.signal]).toEqual([what, when, 'SIGKILL']);
      expect(await runs(there)).toEqual([]);
      const again = await say(there, `import ${bundle}`);
      expect([what, when, again.code, again.stderr]).toEqual([what, when, 0, '']);
      expect(there.picture()).toEqual(project.picture());
    }
    const there = clone(project, 'cleared');
    await startCli(there, ['import', bundle], { env: killing(project, 'cat-file', 'after') }).ended;
    expect((await say(there, 'gc')).code).toBe(0);
    expect(there.git('for-each-ref', 'refs/codemachine')).toBe('');
    expect((await say(there, 'doctor')).stdout).toContain('0 runs');
  });
});
