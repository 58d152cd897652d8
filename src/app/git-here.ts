/** Says where a repository cannot even be begun. */
import { locate } from '../engines/search-path.ts';
import type { Diagnostic } from '../model/diagnostic.ts';

/** Whether there is a program `git`; it is not started. */
export function gitIsHere(env: NodeJS.ProcessEnv): boolean {
  return locate('git', env['PATH'] ?? '') !== undefined;
}

/** The same complaints; what begins with `git init` begins with an install where there is no git. */
export function withInstall(
  diagnostics: readonly Diagnostic[],
  env: NodeJS.ProcessEnv,
): readonly Diagnostic[] {
  const needs = ({ suggestion }: Diagnostic): boolean => suggestion?.startsWith(INIT) === true;
  if (!diagnostics.some(needs) || gitIsHere(env)) return diagnostics;
  return diagnostics.map((one) =>
    needs(one) ? { ...one, suggestion: `install git, then ${one.suggestion}` } : one,
  );
}

const INIT = 'run `git init` here';
