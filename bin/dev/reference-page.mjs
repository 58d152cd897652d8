// Writes docs/reference*.md from the schemas and the tables of the language; the examples on them are kept as they are.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { codesByKey } from './reference/diagnostics.mjs';
import { eventsPage } from './reference/events.mjs';
import { expressionSections } from './reference/expressions.mjs';
import { PAGES } from './reference/pages.mjs';
import { any, saidOf, written } from './reference/schema.mjs';
import { sectionOf, standsOf } from './reference/section.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const corpus = path.join(root, 'test/workflow/bad');
const schemaOf = (name) => JSON.parse(readFileSync(path.join(root, `schemas/${name}.schema.json`), 'utf8'));

/** File → its text. */
export async function referencePages() {
  const language = await languageOf();
  const pages = new Map();
  for (const page of PAGES) pages.set(page.file, pageOf(page, language));
  const events = 'docs/reference-events.md';
  return pages.set(events, eventsPage(schemaOf('event'), readFileSync(path.join(root, events), 'utf8')));
}

function pageOf(page, language) {
  const schema = schemaOf(page.schema);
  const places = placesOf(page);
  const book = { definitions: schema.$defs, places };
  const { YAML, Expressions, 'Comments that silence': silenced } = language.PARTS;
  const elsewhere = new Set([YAML, Expressions, silenced].flatMap((about) => Object.keys(about)));
  const codes =
    page.schema === 'test' ? new Map() : codesByKey(corpus, schema, page.schema === 'config', elsewhere);
  const stands = standsOf(schema, places);
  const kept = keptExamples(readFileSync(path.join(root, page.file), 'utf8'));
  const sections = Object.entries(page.sections).map(([name, { title }]) => {
    const definition = name === '' ? schema : schema.$defs[name];
    const names = [
      name,
      ...Object.entries(page.aliases ?? {}).flatMap(([of, to]) => (to === name ? [of] : [])),
    ];
    const where = [...new Set(names.flatMap((one) => [...(stands.get(one) ?? [])]))];
    const example = kept.get(title);
    if (example === undefined)
      throw new Error(`${page.file}: write an example below "## ${title}", before its table`);
    const tables =
      name === 'step' && page.schema === 'workflow'
        ? stepTables(schema, language)
        : [{ keys: Object.keys(definition.properties ?? {}) }];
    const standing = where.length === 0 ? undefined : `Stands at ${where.join(', ')}.`;
    return sectionOf({
      place: { ...places[name], stands: standing },
      schema: definition,
      book,
      example,
      codes: codes.get(name),
      tables,
    });
  });
  const values = valuesOf(page, schema);
  const end = page.expressions ? [expressionSections(language, Object.keys(Expressions))] : [];
  const text = [...sections, ...values, ...end].join('\n\n');
  return `${[page.opening, contentsOf(text), text].join('\n\n')}\n`;
}

// Where each definition is told: of one that is the same in a workflow, on the page of that.
function placesOf({ file, sections, aliases = {}, shared = [], values, schema }) {
  const own = Object.entries(sections).map(([name, { title }]) => [name, at('', title)]);
  const others = shared.map((name) => {
    if (
      JSON.stringify(schemaOf(schema).$defs[name].properties) !==
      JSON.stringify(schemaOf('workflow').$defs[name].properties)
    )
      throw new Error(`${file}: \`${name}\` is another one than in a workflow`);
    const [first] = PAGES;
    return [
      name,
      first.sections[name] === undefined
        ? at('reference.md', 'Values', first.values[name])
        : at('reference.md', first.sections[name].title),
    ];
  });
  const named = Object.entries(values).map(([name, title]) => [name, at('', 'Values', title)]);
  const places = Object.fromEntries([...own, ...others, ...named]);
  for (const [name, to] of Object.entries(aliases)) places[name] = places[to];
  return places;
}

function at(page, heading, title = heading) {
  return { title, address: `${page}#${heading.toLowerCase().replaceAll(' ', '-')}` };
}

function valuesOf({ values }, schema) {
  const rows = Object.entries(values).map(([name, title]) => {
    const { description, examples = [] } = schema.$defs[name];
    return `| ${title.toLowerCase()} | ${saidOf(description).text} | ${examples.map((value) => `\`${written(value)}\``).join(', ')} |`;
  });
  return rows.length === 0
    ? []
    : ['## Values', ['| a | is | such as |', '|---|---|---|', ...rows].join('\n')];
}

// The keys of a step by the kinds of step that have them.
function stepTables(schema, { KEYS_OF_KINDS, KIND_KEYS }) {
  const never = Object.keys(schema.$defs.finallyStep.properties).map((key) => `\`${key}\``);
  /** @type {{ title: string, about: string | undefined, keys: string[] }[]} */
  const tables = [
    { title: 'Every step', about: `Under \`finally\` stand no ${never.join(', ')}.`, keys: [] },
    { title: 'What it does', about: 'Exactly one of these.', keys: [] },
  ];
  for (const key of Object.keys(schema.$defs.step.properties)) {
    const kinds = KEYS_OF_KINDS[key]?.map((kind) => `\`${kind}\``);
    const general = KIND_KEYS.includes(key) ? 'What it does' : 'Every step';
    const title = kinds === undefined ? general : `Steps with ${any(kinds)}`;
    if (!tables.some((one) => one.title === title)) tables.push({ title, about: undefined, keys: [] });
    tables.find((one) => one.title === title)?.keys.push(key);
  }
  const [every, what, ...rest] = tables;
  return [every, what, ...rest.sort((a, b) => a.title.length - b.title.length)];
}

// What stands in fences between the heading of a section and its table is written by hand.
function keptExamples(text) {
  const kept = new Map();
  for (const section of text.split(/^## /m).slice(1)) {
    const [title = ''] = section.split('\n');
    const blocks = section.split(/^\|/m)[0]?.match(/^```[\s\S]*?^```$/gm);
    if (blocks) kept.set(title, blocks.join('\n\n'));
  }
  return kept;
}

function contentsOf(text) {
  const titles = [...text.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title);
  return titles.map((title) => `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`).join(' · ');
}

async function languageOf() {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { PARTS } from './src/model/catalogue/about.ts';
        export { evaluate } from './src/workflow/evaluate.ts';
        export { NO_LOOK } from './src/workflow/expression-check.ts';
        export { CONTEXTS, READABLE, sharedContexts } from './src/workflow/expression-contexts.ts';
        export { SIGNATURES, takes } from './src/workflow/expression-functions.ts';
        export { typeOfStep } from './src/workflow/expression-steps.ts';
        export { KEYS_OF_KINDS, KIND_KEYS } from './src/workflow/shape-keys.ts';
        export { SAFE } from './src/workflow/taint.ts';
        export { inWords } from './src/workflow/types.ts';`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    logLevel: 'warning',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [file, text] of await referencePages()) {
    if (!process.argv.includes('--check')) writeFileSync(path.join(root, file), text);
    else if (readFileSync(path.join(root, file), 'utf8') !== text) {
      console.error(`${file} is not what the schemas say: run \`npm run reference-page\``);
      process.exitCode = 1;
    }
  }
}
