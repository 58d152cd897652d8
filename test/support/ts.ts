/** Makes a script that children can run, in any supported Node, out of a TypeScript file of the tests. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const house = path.resolve(import.meta.dirname, '../..');

/**
 * Bundles `entry` (absolute) with what it imports from src/ and gives the path of the result. It stands inside the house, so that the
 * SQLite drivers, which are not bundled, are found from there; its name is a hash of its text, so that tests at the same time share it.
 */
export async function compiled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['better-sqlite3', 'bs3-n20'],
    logLevel: 'warning',
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  const text = outputFiles[0]!.text;
  const directory = path.join(house, 'node_modules/.cache/tests');
  const name = `${path.basename(entry, '.ts')}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.mjs`;
  const script = path.join(directory, name);
  if (!existsSync(script)) {
    mkdirSync(directory, { recursive: true });
    const fresh = `${script}.${process.pid}`;
    writeFileSync(fresh, text);
    renameSync(fresh, script);
  }
  return script;
}
