/** Finds out how a project of Node starts its tests. */
import { type Listing, objectOf, type TestCommand } from './listing.ts';

/** What `npm init` writes for want of a test. */
const NO_TEST = /no test specified/;

const LOCKS = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
] as const;

/** By the `test` script, or by the packages of a monorepo whose root has none. */
export function nodeTest(files: Listing, by: 'script' | 'workspaces'): TestCommand | undefined {
  if (!files.has('package.json')) return undefined;
  const says = objectOf(files.read('package.json'));
  const manager = managerOf(files, says);
  const { test } = (says['scripts'] ?? {}) as { readonly test?: unknown };
  const isScript = typeof test === 'string' && !NO_TEST.test(test);
  // `bun test` is a runner of its own, which the script may have nothing to do with.
  const command = by === 'script' ? `${manager}${manager === 'bun' ? ' run' : ''} test` : '';
  if (by === 'script') return isScript ? { command, from: 'package.json' } : undefined;
  return isScript ? undefined : workspacesTest(files, says, manager);
}

type Manager = (typeof LOCKS)[number][1];

function managerOf(files: Listing, says: Readonly<Record<string, unknown>>): Manager {
  const { packageManager, devEngines } = says as {
    readonly packageManager?: unknown;
    readonly devEngines?: { readonly packageManager?: { readonly name?: unknown } };
  };
  const word = String(packageManager ?? devEngines?.packageManager?.name ?? '').split('@')[0];
  const said = LOCKS.find(([, manager]) => manager === word);
  const locked = LOCKS.find(([file]) => files.has(file));
  return (said ?? locked)?.[1] ?? 'npm';
}

function workspacesTest(
  files: Listing,
  says: Readonly<Record<string, unknown>>,
  manager: Manager,
): TestCommand | undefined {
  const [run] = { npm: ['npx'], pnpm: ['pnpm exec'], yarn: ['yarn'], bun: ['bunx'] }[manager];
  if (files.has('turbo.json')) return { command: `${run} turbo run test`, from: 'turbo.json' };
  if (files.has('nx.json')) return { command: `${run} nx run-many -t test`, from: 'nx.json' };
  if (files.has('pnpm-workspace.yaml')) return { command: 'pnpm -r test', from: 'pnpm-workspace.yaml' };
  if (says['workspaces'] === undefined) return undefined;
  const modern = files.has('.yarnrc.yml')
    ? 'yarn workspaces foreach -A run test'
    : 'yarn workspaces run test';
  const command = {
    npm: 'npm test --workspaces --if-present',
    pnpm: 'pnpm -r test',
    yarn: modern,
    bun: "bun run --filter '*' test",
  }[manager];
  return { command, from: 'package.json' };
}
