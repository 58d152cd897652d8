// Holds the file in which a run travels: the same bytes for the same run, and none that was changed, cut or made up is taken.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packTar, type TarHeader } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { HEADER_BYTES } from '../../src/state/bundle-cipher.ts';
import { readBundle, writeBundle } from '../../src/state/bundle-file.ts';
import { about, type Manifest } from '../../src/state/bundle-manifest.ts';
import { scratch } from './support/place.ts';
import { runId } from './support/samples.ts';

const SECRET = 'a key that nobody guesses';
const LOG = 'runs/one-0123abcd.1/stdout.log';
const ABOUT = about('0.1.0', { run: runId(1), workflow: 'w', end: { seq: 1, hash: 'a'.repeat(64) } });

/** So long that it takes several pieces. */
const FILES: Readonly<Record<string, string>> = {
  'run.json': '{}\n',
  'milestones.jsonl': 'lines\n',
  [LOG]: `${'0123456789'.repeat(20_000)}\n`,
};

async function written(secret?: string, files = FILES): Promise<Buffer> {
  const directory = scratch();
  const members = Object.entries(files).map(([name, content], at) => {
    const file = path.join(directory, String(at));
    writeFileSync(file, content);
    return { name, file };
  });
  const target = path.join(directory, 'bundle');
  const bytes = await writeBundle({ target, secret, about: ABOUT, members });
  expect(statSync(target).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory).sort()).toEqual(['0', '1', '2', 'bundle'].slice(-members.length - 1));
  const content = readFileSync(target);
  expect(content).toHaveLength(bytes);
  return content;
}

/** What is read of it, or the sentence that says why nothing is. */
async function read(content: Uint8Array, secret?: string): Promise<Record<string, string> | string> {
  const directory = scratch();
  const source = path.join(directory, 'bundle');
  const into = path.join(directory, 'into');
  writeFileSync(source, content);
  mkdirSync(into);
  try {
    const { members } = await readBundle({ source, secret, into: () => into });
    return Object.fromEntries(members.map(({ name }) => [name, readFileSync(path.join(into, name), 'utf8')]));
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('a bundle', () => {
  it('holds what was put in, and is the same byte for byte the next time', async () => {
    const first = await written();
    expect(await read(first)).toEqual(FILES);
    expect((await written()).equals(first)).toBe(true);
    const turned = Object.fromEntries(Object.entries(FILES).reverse());
    expect((await written(undefined, turned)).equals(first)).toBe(true);
  });

  it('can be read with its key alone', async () => {
    const sealed = await written(SECRET);
    expect(sealed.includes('0123456789')).toBe(false);
    expect(await read(sealed, SECRET)).toEqual(FILES);
    expect(await read(sealed)).toBe('it is encrypted');
    expect(await read(sealed, `${SECRET}.`)).toMatch(/^CODEMACHINE_BUNDLE_KEY is not the key that it was/);
    // One that is not, where a key is known, may be anybody's.
    expect(await read(await written(), SECRET)).toMatch(/^CODEMACHINE_BUNDLE_KEY is set, and it is not/);
    // The salt is another one, or two files could be compared.
    expect((await written(SECRET)).subarray(HEADER_BYTES).equals(sealed.subarray(HEADER_BYTES))).toBe(false);
  });

  it('is not taken where a piece was changed, moved, or cut off', async () => {
    const sealed = await written(SECRET);
    const piece = 64 * 1024 + 16;
    const at = (index: number): number => HEADER_BYTES + index * piece;
    const flipped = (where: number): Buffer => {
      const copy = Buffer.from(sealed);
      copy.writeUInt8(copy.readUInt8(where) ^ 1, where);
      return copy;
    };
    const swapped = Buffer.concat([
      sealed.subarray(0, at(1)),
      sealed.subarray(at(2), at(3)),
      sealed.subarray(at(1), at(2)),
      sealed.subarray(at(3)),
    ]);
    const bad = {
      salt: flipped(HEADER_BYTES - 1),
      first: flipped(at(0) + 9),
      tag: flipped(sealed.length - 1),
      'cut between pieces': sealed.subarray(0, at(2)),
      'cut before the last one': sealed.subarray(0, at(3)),
      'with more behind it': Buffer.concat([sealed, Buffer.alloc(9)]),
      swapped,
    };
    for (const [what, content] of Object.entries(bad))
      expect([what, await read(content, SECRET)]).toEqual([
        what,
        expect.stringMatching(/cut short or changed/),
      ]);
  });

  it('that is not encrypted is not taken where it is torn, either', async () => {
    const plain = await written();
    for (const length of [0, 100, 512, 700, 3000, plain.length - 1024])
      expect([length, await read(plain.subarray(0, length))]).toEqual([length, expect.any(String)]);
    const edited = Buffer.from(plain.toString('latin1').replace('lines', 'lives'), 'latin1');
    expect(await read(edited)).toBe('milestones.jsonl in it is not what was written');
  });
});

type Entry = { readonly header: TarHeader; readonly body?: string };

function file(name: string, body: string): Entry {
  return { header: { name, size: body.length }, body };
}

/** A file as somebody else may make it: the list says `listed`, and behind it are `entries`. */
function forged(
  listed: readonly object[],
  entries: readonly Entry[],
  more: Partial<Manifest> = {},
): Promise<Uint8Array> {
  const manifest = JSON.stringify({ ...ABOUT, ...more, members: listed });
  return packTar([file('manifest.json', manifest), ...entries]);
}

const list = (name: string, body: string) => ({
  ...{ name, bytes: body.length },
  sha256: createHash('sha256').update(body).digest('hex'),
});
const RUN = [list('milestones.jsonl', 'm'), list('run.json', 'r')];
const RUN_FILES = [file('milestones.jsonl', 'm'), file('run.json', 'r')];

describe('a bundle that somebody made up', () => {
  it('is taken where it is like one of ours', async () => {
    expect(await read(await forged(RUN, RUN_FILES))).toEqual({ 'milestones.jsonl': 'm', 'run.json': 'r' });
  });

  const names = [
    ...['../x', '/etc/x', 'runs/../../x', 'runs/one-0123abcd.1/../../x', 'runs/one-0123abcd.1/other', 'x'],
    ...['runs/..-0123abcd.1/stdout.log', 'artifacts/../x', 'objects.bundle/x', 'run.json\n', '.coming'],
    ...['runs/one-0123abcd.1/stdout.log/x', `artifacts/${'a'.repeat(64)}`],
  ];
  it.each(names)('is not taken with a member called %j', async (name) => {
    const sentence = await read(await forged([...RUN, list(name, 'x')], [...RUN_FILES, file(name, 'x')]));
    expect(sentence).toMatch(/which is no part of a run|is not what its name says/);
  });

  it.each(['symlink', 'link', 'directory', 'fifo', 'character-device'] as const)(
    'is not taken with a %s',
    async (type) => {
      const header = { name: LOG, size: 0, type, linkname: '/etc/passwd' };
      const sentence = await read(await forged([list(LOG, ''), ...RUN], [{ header }, ...RUN_FILES]));
      expect(sentence).toBe(`it holds ${LOG}, which is no file`);
    },
  );

  const bad: Readonly<Record<string, () => Promise<Uint8Array>>> = {
    'a member that is not listed': () => forged(RUN, [...RUN_FILES, file(LOG, 'x')]),
    'a member that is missing': () => forged([...RUN, list(LOG, 'x')], RUN_FILES),
    'a member twice': () => forged([...RUN, list('run.json', 'r')], [...RUN_FILES, file('run.json', 'r')]),
    'a member of another size': () =>
      forged([...RUN, { ...list(LOG, 'x'), bytes: 9 }], [...RUN_FILES, file(LOG, 'x')]),
    'a member that says that it is huge': () =>
      forged(
        [...RUN, { ...list(LOG, 'x'), bytes: 2 ** 52 }],
        [...RUN_FILES, { header: { name: LOG, size: 1, pax: { size: String(2 ** 52) } }, body: 'x' }],
      ),
    'no journal': () => forged([list('run.json', 'r')], [file('run.json', 'r')]),
    'another first member': () => packTar([file('run.json', 'r')]),
    'a list that is no JSON': () => packTar([file('manifest.json', '{')]),
    'a run id that leads elsewhere': () => forged(RUN, RUN_FILES, { run: '../../x' as never }),
    'a commit that is an option': () => forged(RUN, RUN_FILES, { commit: '--upload-pack=x' }),
    'no tar at all': () => Promise.resolve(Buffer.from('hello '.repeat(1000))),
  };
  it.each(Object.keys(bad))('is not taken with %s', async (what) => {
    expect(await read((await bad[what]?.()) ?? Buffer.alloc(0))).toMatch(/^(?:it |run\.json|runs\/one)/);
  });

  it('names the program that can read a newer one', async () => {
    const newer = /^it was written by codemachine 9\.9\.9, in a newer form than this one knows$/;
    for (const more of [{ format: 2 as never }, { shape: 99 }])
      expect(await read(await forged(RUN, RUN_FILES, { by: '9.9.9', ...more }))).toMatch(newer);
    expect(await read(await forged(RUN, RUN_FILES, { shape: 1 }))).toEqual(expect.any(Object));
  });
});
