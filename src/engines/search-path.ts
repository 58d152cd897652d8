/** Finds a program as a shell does. */
import path from 'node:path';
import { isProgram } from './not-started.ts';

/**
 * The file that a shell would start for `program`; undefined where there is none. Relative places of the search path are passed over:
 * they mean the directory of the step, where an earlier one may have put a program of that name.
 */
export function locate(program: string, searchPath: string): string | undefined {
  const places = program.includes('/')
    ? [program]
    : searchPath
        .split(':')
        .filter((place) => path.isAbsolute(place))
        .map((place) => path.join(place, program));
  return places.find(isProgram);
}
