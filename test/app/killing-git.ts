// A git that kills the program that calls it when it is to write files of the tree.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Project } from '../support/repository.ts';

/** A PATH whose git kills the one who calls it when it is to write files of the tree, `before` or `after` it does. */
export function killingGit(project: Project, when: 'before' | 'after'): Readonly<Record<string, string>> {
  const bin = path.join(project.base, `git-${when}`);
  mkdirSync(bin);
  const own = path.join(bin, 'git');
  const real = '"$(PATH="${PATH#*:}" command -v git)" "$@"';
  const run = when === 'before' ? 'kill -9 $PPID; exit 1' : `${real}; kill -9 $PPID; exit 1`;
  writeFileSync(own, `#!/bin/bash\ncase " $* " in *" checkout-index "*) ${run};; esac\nexec ${real}\n`);
  chmodSync(own, 0o755);
  return { PATH: `${bin}:${project.environ.PATH ?? ''}` };
}
