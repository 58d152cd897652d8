// Writes docs/errors.md from the catalogue: what a code means is the catalogue's, the examples below it are kept as they are.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
const page = path.join(root, 'docs/errors.md');
const corpus = path.join(root, 'test/workflow/bad');
const WIDTH = 120;

/** The page as the catalogue and the examples on it make it. */
export async function errorsPage() {
  const { CATALOGUE, MENDED, PARTS } = await catalogue();
  const before = readFileSync(page, 'utf8');
  const silent = Object.keys(CATALOGUE).filter(
    (code) => !Object.values(PARTS).some((about) => code in about),
  );
  if (silent.length > 0)
    throw new Error(`say in src/model/catalogue/about/ what this means: ${silent.join(', ')}`);
  const opening = before.slice(0, before.search(/^## /m)).trimEnd();
  const kept = keptExamples(before);
  const parts = Object.entries(PARTS).map(([title, about]) => {
    const sections = Object.entries(about).map(([code, text]) => {
      const says = `${severity(CATALOGUE[code].severity, MENDED.includes(code))} ${text}`.split('\n\n');
      const examples = kept.get(code) ?? fromCorpus(code);
      const prose = says.map(wrapped).join('\n\n');
      return `### \`${code}\`\n\n${prose}${examples === '' ? '' : `\n\n${examples}`}`;
    });
    return [`## ${title}`, ...sections].join('\n\n');
  });
  return `${[opening, ...parts].join('\n\n')}\n`;
}

function severity(word, mended) {
  return `*${word === 'error' ? 'Error' : 'Warning'}${mended ? ', mended by `--fix` where only one thing can be meant' : ''}.*`;
}

async function catalogue() {
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from './about.ts'; export { CATALOGUE } from './catalogue.ts';`,
      resolveDir: path.join(root, 'src/model/catalogue'),
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

// Everything from the first example of a section on is written by hand.
function keptExamples(text) {
  const kept = new Map();
  for (const section of text.split(/^### /m).slice(1)) {
    const code = /^`([^`]+)`/.exec(section)?.[1];
    const own = section.split(/^## /m)[0];
    const start = own.search(/^```/m);
    if (code !== undefined) kept.set(code, start === -1 ? '' : own.slice(start).trim());
  }
  return kept;
}

// A code that is new here begins with its smallest fixture that can be mended, or its smallest.
function fromCorpus(code) {
  const folder = path.join(corpus, code);
  const files = readdirSync(folder).filter((file) => file.endsWith('.yml'));
  const mended = files.filter((file) => existsSync(path.join(folder, file.replace(/\.yml$/, '.fixed'))));
  const [file] = (mended.length > 0 ? mended : files).sort(
    (a, b) => statSync(path.join(folder, a)).size - statSync(path.join(folder, b)).size,
  );
  if (file === undefined) return '';
  const text = (name) => readFileSync(path.join(folder, name), 'utf8').trimEnd();
  const good = mended.length > 0 ? text(file.replace(/\.yml$/, '.fixed')) : 'name: example';
  return `\`\`\`yaml bad\n${text(file)}\n\`\`\`\n\n\`\`\`yaml\n${good}\n\`\`\``;
}

function wrapped(paragraph) {
  const lines = [''];
  for (const word of paragraph.split(' ')) {
    const line = lines[lines.length - 1];
    if (line !== '' && line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const text = await errorsPage().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
  if (!process.argv.includes('--check')) writeFileSync(page, text);
  else if (readFileSync(page, 'utf8') !== text) {
    console.error('docs/errors.md is not what the catalogue says: run `npm run errors-page`');
    process.exitCode = 1;
  }
}
