// Writes docs/reference-cli.md from the manifest of the commands, and docs/reference-json.md from the schemas of what they print.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { commandsPage } from './reference/commands.mjs';
import { jsonPage } from './reference/json.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

// Events have a page of their own, and files that people write are told in the reference of the language.
const ELSEWHERE = ['workflow', 'config', 'test', 'event'];

/** File → its text. `schemas` by name, in any order. */
export function pagesOf({ manifest, printed, schemas }) {
  const told = Object.entries(schemas).filter(([name]) => !ELSEWHERE.includes(name));
  return new Map([
    ['docs/reference-cli.md', commandsPage(manifest, printed)],
    ['docs/reference-json.md', jsonPage(Object.fromEntries(told.sort()))],
  ]);
}

// Of the program as it was built last.
async function pagesNow() {
  const { PRINTED_BY: printed, SCHEMAS } = await knownSchemas();
  const schemas = Object.fromEntries(SCHEMAS.map((name) => [name, read(`schemas/${name}.schema.json`)]));
  return pagesOf({ manifest: read('oclif.manifest.json'), printed, schemas });
}

async function knownSchemas() {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'src/app/schemas.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    logLevel: 'warning',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [file, text] of await pagesNow()) {
    if (!process.argv.includes('--check')) writeFileSync(path.join(root, file), text);
    else if (readFileSync(path.join(root, file), 'utf8') !== text) {
      console.error(`${file} is not what the commands say: run \`npm run build && npm run commands-page\``);
      process.exitCode = 1;
    }
  }
}
