/** Looks whether git, and the repository around a command, are such that agents can be undone. */
import { runGit } from '../../engines/process.ts';
import type { Failure } from '../../model/failure.ts';
import type { Result } from '../../model/result.ts';
import { whyNoRoot } from '../../workspace/root.ts';
import { usableHome, worktreeHome } from '../../workspace/worktree-place.ts';
import { findPlaces } from '../git.ts';
import { type Place, shown } from '../place.ts';
import { notBare } from '../runs/fit.ts';

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  /** `missing` is a pity, `bad` keeps runs from working. */
  readonly state: 'ok' | 'missing' | 'bad';
  readonly found: string;
  readonly help?: string;
}

/** What there is to say of git, of the repository, and of the place of worktrees. Nothing is made. */
export async function lookForGit(place: Place, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  const { code, stdout } = await runGit(['--version'], { cwd: place.root, env: {} });
  const version = /\d+\.\d+(\.\d+)?/.exec(Buffer.from(stdout).toString())?.[0];
  const bad = (found: string, help: string): readonly Finding[] => [
    { what: 'git', state: 'bad', found, help },
  ];
  if (code !== 0 || version === undefined)
    return bad('not found', 'install git 2.31 or newer: agents that write are undone with it');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 2 || (major === 2 && minor < 31)) return bad(version, 'install git 2.31 or newer');
  const bare = notBare(place);
  if (!bare.ok) return bad(`${version}, ${bare.error.message}`, bare.error.help ?? '');
  if (!place.hasGit) return [{ what: 'git', state: 'ok', found: `${version}, not in a repository` }];
  return lookAtRepository(place, env, version);
}

async function lookAtRepository(
  place: Place,
  env: NodeJS.ProcessEnv,
  version: string,
): Promise<readonly Finding[]> {
  const finding = ({ message, help }: Pick<Failure, 'message' | 'help'>): readonly Finding[] => [
    { what: 'git', state: 'bad', found: `${version}; ${message}`, ...(help === undefined ? {} : { help }) },
  ];
  const places = await findPlaces(place, env);
  if (!places.ok) return finding(places.error);
  if (places.value === undefined) return finding(await whyNoRoot(place.root, runGit, env));
  const git: Finding = { what: 'git', state: 'ok', found: `${version}, repository ${place.root}` };
  const home = worktreeHome(places.value, env);
  const usable = home.ok ? usableHome(home.value, false) : home;
  const what = 'worktrees';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 2 && minor < 38)
    return [
      git,
      { what, state: 'missing', found: 'isolated steps need git 2.38', help: 'install a newer git' },
    ];
  return [
    git,
    home.ok && usable.ok
      ? { what, state: 'ok', found: `of isolated steps, below ${shown(place, home.value)}` }
      : { what, state: 'missing', ...wordsOf(usable) },
  ];
}

function wordsOf(trouble: Result<unknown, Failure>): Pick<Finding, 'found' | 'help'> {
  if (trouble.ok) return { found: '' };
  const { message, help } = trouble.error;
  return { found: message, ...(help === undefined ? {} : { help }) };
}
