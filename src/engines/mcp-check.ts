/** Looks before the start whether the servers of `mcp` are there: most engines go on without one that is not. */
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { type Servers, serverFailure } from './dialects/mcp.ts';
import { isProgram } from './not-started.ts';

/** What an engine of its own may put in the place of, so that the word is not the program: variables, a home directory. */
const FILLED = /[$~{%]/;

/**
 * Why a server cannot be started; undefined where all may be.
 * @param searchPath the PATH of the engine, which it hands on
 * @param cwd where the engine is started, and its servers with it
 */
export function missingServer(
  servers: Servers | undefined,
  searchPath: string,
  cwd: string,
): Failure | undefined {
  for (const [name, { command, env }] of Object.entries(servers ?? {})) {
    if (command === undefined || FILLED.test(command)) continue;
    const isPath = command.includes('/');
    const places = isPath
      ? [path.resolve(cwd, command)]
      : (env?.PATH ?? searchPath).split(':').map((place) => path.resolve(cwd, place, command));
    if (places.some(isProgram)) continue;
    const why = isPath ? 'there is no such program' : 'there is no such program in PATH';
    return serverFailure(servers, name, why);
  }
  return undefined;
}
