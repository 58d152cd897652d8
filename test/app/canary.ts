// Plants what must stay where it is, and finds it again.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { DIALECTS } from '../../src/engines/dialects/dialects.ts';
import type { Project } from '../support/repository.ts';

/** What opens something else than a model, as it stands in the environments of people and of CI. */
const STRANGERS = [
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AZURE_CLIENT_SECRET'],
  ...['CI_JOB_TOKEN', 'DATABASE_URL', 'DOCKER_AUTH_CONFIG', 'GH_TOKEN', 'GIT_ASKPASS', 'GIT_CONFIG_VALUE_0'],
  ...['GITHUB_TOKEN', 'GITLAB_TOKEN', 'GOOGLE_APPLICATION_CREDENTIALS', 'NODE_AUTH_TOKEN', 'NPM_TOKEN'],
  ...['PGPASSWORD', 'SSH_AUTH_SOCK', 'VAULT_TOKEN', 'SOMETHING_UNHEARD_OF'],
];

/** The variables by which some engine signs in. Two at once are one too many for Claude Code. */
const KEYS = [...new Set(DIALECTS.flatMap(({ variables }) => variables({})))].filter(
  (name) => /(KEY|TOKEN|PASSPHRASE)$/.test(name) && !/CLIENT_KEY$|_AUTH_TOKEN$/.test(name),
);

/** The canary of a variable. */
export const canary = (name: string): string => `canary-${name.toLowerCase().replaceAll('_', '-')}-4711`;

/** An environment in which everything is open, its values canaries. */
export function planted(): Record<string, string> {
  return Object.fromEntries([...STRANGERS, ...KEYS].map((name) => [name, canary(name)]));
}

/** The canaries of the variables by which an engine signs in. */
export function ownCanaries(engine: string): readonly string[] {
  return (DIALECTS.find(({ name }) => name === engine)?.variables({}) ?? []).map(canary);
}

/** Every file below a directory, with its bytes. */
export function below(directory: string): readonly (readonly [string, string])[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [file, readFileSync(file, 'latin1')] as const);
}

/** The canaries in some texts, as `where: canary`. */
export function found(texts: readonly (readonly [string, string])[], but: readonly string[] = []): string[] {
  return texts.flatMap(([where, text]) =>
    [...new Set(text.match(/canary-[a-z0-9-]*4711/g))]
      .filter((one) => !but.includes(one))
      .map((one) => `${path.basename(where)}: ${one}`),
  );
}

/** Where everything that is not for the model goes, and ends. */
export interface DeadEnd {
  /** What was asked for, as the first lines of the requests. */
  readonly knocks: readonly string[];
  /** The variables that lead there. */
  variables(): Record<string, string>;
  close(): void;
}

/** Listens. */
export async function deadEnd(): Promise<DeadEnd> {
  const knocks: string[] = [];
  const proxy = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      knocks.push(bytes.toString('latin1').split('\r\n')[0] ?? '');
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    knocks,
    variables: () => ({
      ...Object.fromEntries(
        ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'].map((name) => [
          name,
          url,
        ]),
      ),
      NO_PROXY: '127.0.0.1',
      no_proxy: '127.0.0.1',
    }),
    close: () => void proxy.close(),
  };
}

/** The name of the whole working tree, what git ignores and what is ours aside: equal trees have equal names. */
export function treeOf({ root, environ }: Pick<Project, 'root' | 'environ'>): string {
  const env = { ...environ, GIT_INDEX_FILE: path.join(root, '../scratch-index') };
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, env, encoding: 'utf8' });
  git('add', '-A', '--', '.', ':!.codemachine');
  return git('write-tree').trim();
}

/** A PATH on which there is git, a shell and what shells use, and no engine. */
export function barePath(directory: string): string {
  mkdirSync(directory);
  for (const name of ['git', 'sh', 'cat', 'cp', 'ps', 'sleep', 'grep', 'rm', 'awk']) {
    const from = (process.env.PATH ?? '')
      .split(path.delimiter)
      .map((one) => path.join(one, name))
      .find((file) => existsSync(file));
    if (from !== undefined) symlinkSync(from, path.join(directory, name));
  }
  return directory;
}
