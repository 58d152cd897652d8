/** Holds how a state directory is opened, and how it is refused when the world is broken. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/state/database.ts';
import { type Connection, type Driver, loadDriver } from '../../src/state/driver.ts';
import { MIGRATIONS } from '../../src/state/migrations.ts';
import { explain } from '../../src/state/problem.ts';
import { openState } from '../../src/state/state.ts';
import { type ChildOptions, startOwner } from './support/child.ts';
import { opened, scratch } from './support/place.ts';
import { record, runId } from './support/samples.ts';

const AT = '2026-11-20T14:15:03.000Z';

async function sqlite(): Promise<Driver> {
  const driver = await loadDriver();
  if (!driver.ok) throw new Error(driver.error.message);
  return driver.value;
}

async function child(options: ChildOptions) {
  const owner = await startOwner(options);
  onTestFinished(() => owner.kill());
  return owner;
}

/** What opening says is wrong. */
async function refusal(dir: string) {
  const state = await openState(dir, { version: '0.1.0' });
  if (state.ok) state.value.close();
  return state.ok ? undefined : state.error;
}

const mode = (...parts: string[]) => (statSync(path.join(...parts)).mode & 0o777).toString(8);

describe('a state directory', () => {
  it.each([0o000, 0o022, 0o077, 0o277])('is closed to others, under umask %o too', async (umask) => {
    const place = scratch();
    const dir = path.join(place, '.codemachine', 'state');
    mkdirSync(path.dirname(dir));
    const before = process.umask(umask);
    try {
      const state = await opened(dir);
      state.createRun(record(runId(1)));
    } finally {
      process.umask(before);
    }
    expect(mode(dir)).toBe('700');
    const files = readdirSync(dir);
    expect(files).toContain('codemachine.db-wal');
    expect(files.map((file) => `${file} ${mode(dir, file)}`)).toEqual(files.map((file) => `${file} 600`));
  });

  it('leaves the modes of the directories above it alone', async () => {
    const place = scratch();
    const before = process.umask(0o022);
    await opened(path.join(place, 'a', 'state'));
    process.umask(before);
    expect(mode(place, 'a')).toBe('755');
  });

  it('is never committed, even where nobody ran init', async () => {
    const dir = path.join(scratch(), 'state');
    await opened(dir);
    expect(readFileSync(path.join(dir, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('closes itself again where it was opened, and is refused where others keep their things', async () => {
    const place = scratch();
    const dir = path.join(place, 'state');
    await opened(dir);
    chmodSync(dir, 0o755);
    expect(await refusal(dir)).toBeUndefined();
    expect(mode(dir)).toBe('700');
    writeFileSync(path.join(place, 'letter.txt'), '');
    chmodSync(place, 0o755);
    expect(await refusal(place)).toMatchObject({
      kind: 'foreign',
      message: expect.stringMatching(/letter\.txt|state/),
    });
    expect(mode(place)).toBe('755');
  });

  it('is written so that what is committed survives a power cut', async () => {
    const file = path.join(scratch(), 'codemachine.db');
    const database = openDatabase(file, { driver: await sqlite(), version: '0.1.0', at: AT });
    if (!database.ok) throw new Error(database.error.message);
    const pragma = (name: string) => database.value.pragma(name, { simple: true });
    expect([pragma('journal_mode'), pragma('synchronous'), pragma('foreign_keys')]).toEqual(['wal', 2, 1]);
    const loose = database.value
      .prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%'",
      )
      .all();
    expect(loose).toEqual([]);
    database.value.close();
  });
});

describe('a database of another shape', () => {
  const next = [...MIGRATIONS, 'ALTER TABLE runs ADD COLUMN mood TEXT'];

  async function at(file: string, version: string, migrations: readonly string[]): Promise<Connection> {
    const database = openDatabase(file, { driver: await sqlite(), version, at: AT, migrations });
    if (!database.ok) throw new Error(database.error.message);
    return database.value;
  }

  it('is migrated after being copied', async () => {
    const dir = path.join(scratch(), 'state');
    (await opened(dir)).createRun(record(runId(1)));
    const file = path.join(dir, 'codemachine.db');
    const newer = await at(file, '0.2.0', next);
    expect(newer.prepare('SELECT mood FROM runs').pluck().all()).toEqual([null]);
    expect(newer.prepare('SELECT shape, by FROM migrations').all()).toEqual([
      ...MIGRATIONS.map((_, index) => ({ shape: index + 1, by: '0.1.0' })),
      { shape: next.length, by: '0.2.0' },
    ]);
    newer.close();
    const copy = `${file}.shape-${MIGRATIONS.length}.bak`;
    expect(mode(copy)).toBe('600');
    const old = await at(copy, '0.1.0', MIGRATIONS);
    expect(old.prepare('SELECT id FROM runs').pluck().all()).toEqual([runId(1)]);
    old.close();
  });

  it('stays what it was when a migration fails', async () => {
    const dir = path.join(scratch(), 'state');
    const state = await opened(dir);
    const broken = [...MIGRATIONS, 'CREATE TABLE extra (a TEXT); SELECT no_such_function()'];
    const options = { driver: await sqlite(), version: '0.2.0', at: AT, migrations: broken };
    expect(openDatabase(path.join(dir, 'codemachine.db'), options)).toMatchObject({ ok: false });
    expect(state.createRun(record(runId(1)))).toBe(true);
    expect(await refusal(dir)).toBeUndefined();
  });

  it('is refused when it is newer, naming who wrote it', async () => {
    const dir = path.join(scratch(), 'state');
    await opened(dir);
    (await at(path.join(dir, 'codemachine.db'), '7.8.9', next)).close();
    expect(await refusal(dir)).toEqual({
      kind: 'newer',
      message: `${dir}/codemachine.db was written by codemachine 7.8.9 in a newer form (${next.length}) than codemachine 0.1.0 knows (${MIGRATIONS.length}): use that version or a later one`,
    });
  });

  it('is refused when it is another program’s', async () => {
    const dir = path.join(scratch(), 'state');
    mkdirSync(dir, { mode: 0o700 });
    const other = (await sqlite())(path.join(dir, 'codemachine.db'));
    other.exec('CREATE TABLE recipes (name TEXT)');
    other.close();
    expect(await refusal(dir)).toMatchObject({ kind: 'foreign' });
  });

  it('is made once when several open it at the same time', async () => {
    const children = await Promise.all([child({}), child({}), child({}), child({})]);
    for (let round = 0; round < 60; round++) {
      const dir = path.join(scratch(), 'state');
      const answers = await Promise.all(children.map((one) => one.tell({ do: 'open', dir })));
      expect(answers.filter((answer) => answer.error !== undefined)).toEqual([]);
      expect(readdirSync(dir).filter((name) => /\.(bak|tmp)$/.test(name))).toEqual([]);
    }
  });
});

describe('a broken world', () => {
  it('has a sentence for a file that is no database', async () => {
    const dir = path.join(scratch(), 'state');
    mkdirSync(dir, { mode: 0o700 });
    writeFileSync(path.join(dir, 'codemachine.db'), 'x'.repeat(10_000));
    expect(await refusal(dir)).toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('move it away'),
    });
  });

  it('has a sentence for a database that is damaged inside', async () => {
    const dir = path.join(scratch(), 'state');
    const first = await openState(dir, { version: '0.1.0' });
    if (!first.ok) throw new Error(first.error.message);
    for (let number = 1; number < 200; number++) first.value.createRun(record(runId(number)));
    first.value.close();
    const file = path.join(dir, 'codemachine.db');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x5a, 4096));
    const refused = await refusal(dir);
    expect(refused ?? (await said(dir))).toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining(dir),
    });
  });

  async function said(dir: string): Promise<unknown> {
    const state = await opened(dir);
    try {
      return state.listRuns();
    } catch (error) {
      return error;
    }
  }

  it('has a sentence for a database whose tables are gone', async () => {
    const dir = path.join(scratch(), 'state');
    await opened(dir);
    const connection = (await sqlite())(path.join(dir, 'codemachine.db'));
    connection.exec('DROP TABLE requests');
    connection.close();
    expect(await refusal(dir)).toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('requests'),
    });
  });

  it('has a sentence for a path that is a file', async () => {
    const file = path.join(scratch(), 'state');
    writeFileSync(file, '');
    expect((await refusal(file))?.message).toContain(`${file} cannot be used`);
    expect((await refusal(path.join(file, 'deeper')))?.message).toContain('--state-dir');
  });

  // Only root can become somebody else, who must be able to reach Node and this house.
  const look = ['-e', 'fs.readdirSync(process.argv[1])', import.meta.dirname];
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
  const strangers = nobody !== undefined && spawnSync(process.execPath, look, nobody).status === 0;

  it.skipIf(!strangers)('has a sentence for a directory of somebody else', async () => {
    const dir = path.join(scratch(), 'state');
    await opened(dir);
    const stranger = await child({ uid: 65_534 });
    expect(await stranger.tell({ do: 'open', dir })).toMatchObject({ kind: 'permission' });
  });

  // A disk of our own, small or read-only, seen by the child alone.
  const disks = spawnSync('unshare', ['-rm', 'true']).status === 0;
  const onDisk = (place: string, options: string, then = ':') => ({
    through: [
      'unshare',
      '-rm',
      'sh',
      '-c',
      `mount -t tmpfs -o ${options} none "$0" && ${then} && exec "$@"`,
      place,
    ],
  });

  it.skipIf(!disks)('has a sentence for a full disk, and loses nothing that was recorded', async () => {
    const place = scratch();
    const owner = await child(onDisk(place, 'size=700k'));
    await owner.tell({ do: 'open', dir: path.join(place, 'state') });
    await owner.tell({ do: 'create', run: runId(1) });
    await owner.tell({ do: 'acquire', run: runId(1) });
    let stored = 0;
    let answer = await owner.tell({ do: 'commit', count: 20 });
    for (; answer.error === undefined; answer = await owner.tell({ do: 'commit', count: 20 }))
      stored = answer.seq ?? 0;
    expect(answer.error).toMatch(/^no space is left for .*codemachine\.db: free some/);
    expect(stored).toBeGreaterThan(20);
    expect(await owner.tell({ do: 'verify', run: runId(1) })).toEqual({ milestones: stored });
  });

  it.skipIf(!disks)('has a sentence for a read-only disk', async () => {
    const place = scratch();
    const owner = await child(onDisk(place, 'size=700k', 'mount -o remount,ro "$0"'));
    const answer = await owner.tell({ do: 'open', dir: path.join(place, 'state') });
    expect(answer).toMatchObject({ kind: 'read-only', error: expect.stringContaining('--state-dir') });
  });

  it.each([
    ['SQLITE_FULL', 'full'],
    ['ENOSPC', 'full'],
    ['SQLITE_IOERR_WRITE', 'io'],
    ['EMFILE', 'io'],
    ['SQLITE_READONLY_DIRECTORY', 'read-only'],
    ['SQLITE_CANTOPEN', 'permission'],
    ['SQLITE_CORRUPT_INDEX', 'damaged'],
    ['SQLITE_BUSY_SNAPSHOT', 'busy'],
  ])('has a sentence without a stack for %s', (code, kind) => {
    const problem = explain(Object.assign(new Error('what it said'), { code }), '/state/codemachine.db');
    expect(problem.kind).toBe(kind);
    expect(problem.message).toMatch(/^[^\n]*\/state\/codemachine\.db[^\n]*: [^\n]+$/);
  });
});
