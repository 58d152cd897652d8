// Makes sure that the built program is what the sources say.
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const house = path.resolve(import.meta.dirname, '../..');

/** Builds where a source is younger than what was built from it. `npm run ci` builds first, so that nothing happens here. */
export function built(): void {
  if (isFresh()) return;
  execFileSync(process.execPath, ['bin/dev/build.mjs'], { cwd: house, stdio: 'pipe' });
}

function isFresh(): boolean {
  const made = statSync(path.join(house, 'dist/cli.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return readdirSync(path.join(house, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .every((file) => statSync(path.join(house, 'src', file)).mtimeMs <= made);
}
