/** Looks whether the program that a test command begins with is here. */
import { locate } from '../../engines/search-path.ts';
import type { TestCommand } from './listing.ts';

/**
 * The program that is missing for a command that was found. What somebody typed may begin with anything that a shell knows; a path is
 * of the project, which may have to be built first.
 */
export function missingProgram(
  test: TestCommand | undefined,
  searchPath: string | undefined,
): string | undefined {
  if (test === undefined || test.from === 'you') return undefined;
  const [program] = /^[\w.-]+(?= |$)/.exec(test.command.replace(/^cd \S+ && /, '')) ?? [];
  return program === undefined || locate(program, searchPath ?? '') !== undefined ? undefined : program;
}
