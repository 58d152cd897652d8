// What is published, locked and promised about the package, checked against the files themselves.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const house = path.resolve(import.meta.dirname, '../..');

interface Package {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(house, file), 'utf8')) as T;
}

it('needs nothing at run time but the drivers, which cannot be bundled', () => {
  const { dependencies = {}, optionalDependencies } = read<Package>('package.json');
  expect(dependencies).toEqual({});
  expect(Object.keys(optionalDependencies).sort()).toEqual(['better-sqlite3', 'bs3-n20']);
});

it('locks versions without saying where they were fetched', () => {
  const { packages } = read<{ packages: Readonly<Record<string, Locked>> }>('package-lock.json');
  expect(Object.values(packages).filter((one) => one.resolved?.startsWith('http'))).toEqual([]);
});

it('locks the binaries of every platform, not only of the one it was written on', () => {
  const { packages } = read<{ packages: Readonly<Record<string, Locked>> }>('package-lock.json');
  const missing = Object.entries(packages).flatMap(([where, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${where}/node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

it('locks the version it is', () => {
  const lock = read<{ version: string; packages: Readonly<Record<string, Locked>> }>('package-lock.json');
  const { version } = read<Package>('package.json');
  expect([lock.version, lock.packages['']?.version]).toEqual([version, version]);
});

it('runs the same command for CI as for people', () => {
  const file = path.join(house, '.ci/run');
  expect(readFileSync(file, 'utf8')).toMatch(/^exec npm run ci$/m);
  expect(statSync(file).mode & 0o111).not.toBe(0);
});

it('has a script behind each name', () => {
  const scripts = Object.values(read<Package>('package.json').scripts);
  const files = scripts.flatMap((script) => script.match(/bin\/dev\/[\w-]+\.mjs/g) ?? []);
  expect(files.filter((file) => !existsSync(path.join(house, file)))).toEqual([]);
});

it('fits its budgets into the time CI has', () => {
  const budgets = read<Record<string, number>>('.config/budgets.json');
  const folders = readdirSync(path.join(house, 'test'));
  const used = Object.entries(budgets).filter(
    ([name]) =>
      !name.startsWith('test:') || name === 'test:pure' || folders.includes(name.slice('test:'.length)),
  );
  const alone = new Set(['setup', 'engines', 'build']);
  // All but the preparation run two at a time.
  const spent = used.map(([name, seconds]) => (alone.has(name) ? seconds : seconds / 2));
  expect(spent.reduce((total, seconds) => total + seconds, 0)).toBeLessThanOrEqual(600);
});
