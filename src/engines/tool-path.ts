/** Orders `PATH` for the tools that the runner starts for itself. */
import path from 'node:path';

/**
 * The places of `searchPath` in which git, sh and ps are looked for: relative ones, which mean the workspace (POSIX, 8.3), not at all,
 * those inside `cwd` and the bin directories of packages last. `npx` and virtual environments put such places first, and an agent
 * that writes a `git` there would have it started with the rights of the runner.
 */
export function toolPath(searchPath: string, cwd: string): string {
  const places = searchPath.split(':').filter((place) => path.isAbsolute(place));
  const inside = (place: string): boolean =>
    place.endsWith('/node_modules/.bin') || (cwd !== '/' && `${place}/`.startsWith(`${cwd}/`));
  // An empty search path means the current directory.
  return [...places.filter((place) => !inside(place)), ...places.filter(inside)].join(':') || '/usr/bin:/bin';
}
