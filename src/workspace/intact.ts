/** Notices that a repository was led elsewhere while a run was at work in it. */
import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Places } from './root.ts';

/** Directories that git writes below, from the common directory. */
const DIRECTORIES = [
  'objects',
  'objects/pack',
  'objects/info',
  'refs',
  'refs/heads',
  'refs/codemachine',
  'logs',
  'logs/refs',
  'logs/refs/heads',
  'logs/refs/codemachine',
] as const;

/** Files that git reads or appends to, from the worktree's own git directory; a pipe in their place would be read for ever. */
const FILES = ['HEAD', 'config', 'config.worktree', 'commondir', 'packed-refs', 'logs/HEAD'] as const;

/**
 * Looks where everything is now; what it gives says whether it still is there. A `.git` that became a file or a link, a directory of it
 * that became a link: git would follow, and write where no run has anything to do. What is away is left to git's own words.
 */
export function intactFrom(places: Places): () => Result<undefined, Failure> {
  const { gitDir, commonDir } = places;
  const directories = [gitDir, commonDir, ...DIRECTORIES.map((name) => path.join(commonDir, name))].filter(
    // Beside a reftable `refs/heads` is a file, and nothing is written below it.
    (place) => kindOf(place) !== 'file',
  );
  const files = FILES.flatMap((name) => [...new Set([gitDir, commonDir])].map((dir) => path.join(dir, name)));
  const at = new Map([...directories, ...files].map((place) => [place, realOf(place)]));
  const fans = new Set(linksIn(path.join(commonDir, 'objects')));
  return () => {
    for (const place of directories) {
      const real = realOf(place);
      const wanted = at.get(place) ?? path.join(realOf(path.dirname(place)) ?? '', path.basename(place));
      if (real !== undefined && (real !== wanted || kindOf(real) !== 'directory'))
        return err(elsewhere(place));
    }
    for (const place of files) {
      const real = realOf(place);
      if (real === undefined) {
        // A link that leads nowhere yet would be written through.
        if (kindOf(place) === 'link' && at.get(place) !== undefined) return err(elsewhere(place));
      } else if (real !== (at.get(place) ?? place) || kindOf(real) !== 'file') return err(elsewhere(place));
    }
    // Git's refs follow this file whatever the environment says.
    const common = contentOf(path.join(gitDir, 'commondir'));
    const follows = common === undefined ? undefined : realOf(path.resolve(gitDir, common.trim()));
    if (common !== undefined && (gitDir === commonDir || follows !== realOf(commonDir)))
      return err(elsewhere(path.join(gitDir, 'commondir')));
    const link = linksIn(path.join(commonDir, 'objects')).find((name) => !fans.has(name));
    return link === undefined ? ok(undefined) : err(elsewhere(path.join(commonDir, 'objects', link)));
  };
}

/** Whether the way from a directory down to something leads through a link, or is one. */
export function leadsElsewhere(from: string, name: string): boolean {
  const parts = name.split('/');
  return parts.some((_, i) => kindOf(path.join(from, ...parts.slice(0, i + 1))) === 'link');
}

/** Whether a directory holds a link. */
export function holdsLink(directory: string): boolean {
  return linksIn(directory).length > 0;
}

function realOf(place: string): string | undefined {
  try {
    return realpathSync.native(place);
  } catch {
    return undefined;
  }
}

function kindOf(place: string): 'file' | 'directory' | 'link' | 'other' | 'none' {
  try {
    const stat = lstatSync(place);
    if (stat.isDirectory()) return 'directory';
    return stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'link' : 'other';
  } catch {
    // Behind a file there is nothing either.
    return 'none';
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

function linksIn(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isSymbolicLink()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** What is said of such a place. */
export function elsewhere(place: string): Failure {
  return {
    reason: 'config',
    message: `${place} is not what it was when the run began, so nothing is recorded or put back through it.`,
    help: 'Something in the run replaced it. Put it back as it was, then resume.',
  };
}
