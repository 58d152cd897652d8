// Holds all that somebody can call, set or read to a golden file, and the documentation to it.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeIn, pageText, tableUnder } from '../docs/snippets.ts';
import { built } from '../support/built.ts';
import { keysIn, type Node, surfaceOf, type World, worldNow } from './surface.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const GOLDEN = path.join(import.meta.dirname, 'surface.txt');

interface Pages {
  readonly pagesOf: (world: Pick<World, 'manifest' | 'printed' | 'schemas'>) => ReadonlyMap<string, string>;
}

const pages = (): Promise<Pages> =>
  import(pathToFileURL(path.join(ROOT, 'bin/dev/commands-page.mjs')).href) as Promise<Pages>;

/** What of a world no page tells. */
async function untold(world: World): Promise<readonly string[]> {
  const { pagesOf } = await pages();
  const written = [...pagesOf(world)].filter(([file, text]) => pageText(file) !== text).map(([file]) => file);
  const codes = tableUnder('docs/runs.md', 'Exit codes').map(([cell = '']) => codeIn(cell)[0]);
  const exits = Object.values(world.exit).filter((code) => !codes.includes(String(code)));
  const rows = tableUnder('docs/reference-cli.md', 'Environment').map(([cell = '']) => codeIn(cell)[0] ?? '');
  const known = rows.filter((name) => !name.endsWith('…'));
  const env = [...world.env, ...known].filter((name) => !(known.includes(name) && world.env.includes(name)));
  const cells = codeIn(
    pageText('docs/github.md')
      .match(/^\| `.*$/gm)
      ?.join('\n') ?? '',
  );
  const action = [...Object.keys(world.action.inputs), ...Object.keys(world.action.outputs)];
  const language = Object.entries({
    ...{ workflow: 'docs/reference.md', config: 'docs/reference-config.md', test: 'docs/reference-tests.md' },
    event: 'docs/reference-events.md',
  }).flatMap(([name, file]) => {
    // What the configuration shares with workflows is told there.
    const text = `${pageText(file)}\n${pageText('docs/reference.md')}`;
    const told = new Set(codeIn(text.replace(/^```[\s\S]*?^```$/gm, '')));
    const keys = keysIn(world.schemas[name] ?? {}).map((key) => key.replace(/ .*$/, ''));
    return keys.filter((key) => !told.has(key.replace(/^.*\./, ''))).map((key) => `${name} ${key}`);
  });
  return [
    ...written,
    ...exits.map(String),
    ...env,
    ...action.filter((name) => !cells.includes(name)),
    ...language,
  ];
}

/** A copy of a world with something changed in it. */
function changed(world: World, change: (copy: { -readonly [K in keyof World]: World[K] }) => void): World {
  const copy = structuredClone(world);
  change(copy);
  return copy;
}

const propertiesOf = (world: World, name: string): Record<string, Node> =>
  (world.schemas[name] as { properties: Record<string, Node> }).properties;
const flagsOf = (world: World, name: string) =>
  world.manifest.commands[name]?.flags as unknown as Record<string, Record<string, unknown>>;

const CHANGES: readonly (readonly [string, (copy: { -readonly [K in keyof World]: World[K] }) => void])[] = [
  ['a flag that is new', (w) => (flagsOf(w, 'run')['loudly'] = { name: 'loudly', type: 'boolean' })],
  ['a flag that is gone', (w) => delete flagsOf(w, 'gc')['keep']],
  ['a letter of a flag', (w) => Object.assign(flagsOf(w, 'logs')['follow'] ?? {}, { char: 'F' })],
  ['a default', (w) => Object.assign(flagsOf(w, 'runs')['limit'] ?? {}, { default: 21 })],
  ['what a flag may be', (w) => Object.assign(flagsOf(w, 'plan')['graph'] ?? {}, { options: ['text'] })],
  ['what a flag says', (w) => Object.assign(flagsOf(w, 'run')['yes'] ?? {}, { description: 'say yes' })],
  ['a command that is gone', (w) => delete (w.manifest.commands as Record<string, unknown>)['doctor']],
  ['an exit code', (w) => (w.exit = { ...w.exit, asleep: 5 })],
  ['a variable that is read', (w) => (w.env = [...w.env, 'CODEMACHINE_LOUD'])],
  ['a variable that is read no more', (w) => (w.env = w.env.filter((name) => name !== 'NO_COLOR'))],
  [
    'a key that is printed',
    (w) => (propertiesOf(w, 'status')['mood'] = { description: 'x', type: 'string' }),
  ],
  ['a key that is printed no more', (w) => delete propertiesOf(w, 'cost')['total']],
  ['a key of a workflow', (w) => (propertiesOf(w, 'workflow')['mood'] = { type: 'string' })],
  ['a key of the configuration', (w) => (propertiesOf(w, 'config')['mood'] = { type: 'string' })],
  ['an input of the action', (w) => ((w.action.inputs as Record<string, Node>)['mood'] = {})],
  ['an output of the action', (w) => ((w.action.outputs as Record<string, Node>)['mood'] = {})],
];

describe('what can be called, set and read', () => {
  beforeAll(built);

  it('is what the golden file says', () => {
    const now = `${surfaceOf(worldNow()).join('\n')}\n`;
    if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(GOLDEN, now);
    expect(now, 'UPDATE_FIXTURES=1 writes it, after `npm run build`').toBe(readFileSync(GOLDEN, 'utf8'));
  });

  it('is told in the documentation, each of it', async () => {
    expect(await untold(worldNow()), '`npm run build && npm run commands-page` writes the pages').toEqual([]);
  });

  it.each(CHANGES)('cannot change unseen: %s', async (_, change) => {
    const now = worldNow();
    const other = changed(now, change);
    expect(surfaceOf(other)).not.toEqual(surfaceOf(now));
    expect(await untold(other)).not.toEqual([]);
  });
});
