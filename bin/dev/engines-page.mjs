// Writes the tables of docs/engines.md from the dialects; what stands around them is kept as it is.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
const page = path.join(root, 'docs/engines.md');

/** The page with the tables as the dialects make them. */
export async function enginesPage() {
  const { DIALECTS, capabilityRows, rangeWords } = await dialects();
  const names = DIALECTS.map(({ name }) => `\`${name}\``);
  const rows = DIALECTS.map(({ capabilities }) => capabilityRows(capabilities));
  const tables = {
    Engines: [
      ['engine', 'program', 'measured with'],
      ...DIALECTS.map(({ program, tested }, index) => [names[index], `\`${program}\``, rangeWords(tested)]),
    ],
    'What `access` means': [
      ['access', ...names],
      ...['read', 'write', 'full'].map((level) => [
        `\`${level}\``,
        ...DIALECTS.map(({ capabilities }) => capabilities.access[level]),
      ]),
    ],
    'What each can do': [
      ['', ...names],
      ...rows[0].map(({ name }, index) => [name, ...rows.map((row) => row[index].value)]),
    ],
    'What an engine is given': [
      ['engine', 'variables of yours that pass'],
      ...DIALECTS.map(({ variables }, index) => [
        names[index],
        variables({})
          .map((variable) => `\`${variable}\``)
          .join(', '),
      ]),
    ],
    'How it is signed in': [
      ['engine', 'variables', 'files'],
      ...DIALECTS.map(({ signIn }, index) => [names[index], code(signIn.variables), code(filesOf(signIn))]),
    ],
  };
  let text = readFileSync(page, 'utf8');
  for (const [heading, table] of Object.entries(tables)) text = withTable(text, heading, table);
  return text;
}

function code(words) {
  return words.length === 0 ? '–' : words.map((word) => `\`${word}\``).join(', ');
}

function filesOf(signIn) {
  return signIn.files({ HOME: '~' }).map((file) => file.path);
}

// The first table below the heading is the one that is written.
function withTable(text, heading, table) {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  const start = lines.findIndex((line, index) => index > at && line.startsWith('|'));
  if (at === -1 || start === -1) throw new Error(`docs/engines.md has no table below "${heading}"`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  const [head, ...rest] = table;
  const written = [head, head.map(() => '---'), ...rest].map((cells, index) =>
    index === 1 ? `|${cells.join('|')}|` : `| ${cells.join(' | ')} |`,
  );
  return [...lines.slice(0, start), ...written, ...lines.slice(end)].join('\n');
}

async function dialects() {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { DIALECTS } from './dialects.ts';
        export { capabilityRows } from './capability-rows.ts';
        export { rangeWords } from './versions.ts';`,
      resolveDir: path.join(root, 'src/engines/dialects'),
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
    logLevel: 'warning',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const text = await enginesPage();
  if (!process.argv.includes('--check')) writeFileSync(page, text);
  else if (readFileSync(page, 'utf8') !== text) {
    console.error('docs/engines.md is not what the dialects say: run `npm run engines-page`');
    process.exitCode = 1;
  }
}
