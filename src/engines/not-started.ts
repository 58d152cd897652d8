/** Says why an engine's program could not be started. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import type { EngineConfig } from '../model/config.ts';
import type { SpawnError } from './child.ts';
import type { AnyDialect } from './dialects/dialect.ts';

/** What starts the engine: the configured command line, or the program that the engine installs. */
export function engineCommand(
  dialect: AnyDialect,
  config: EngineConfig,
  root: string,
): { readonly program: string; readonly first: readonly string[] } {
  const [program = dialect.program, ...first] = config.command ?? [];
  // A path is relative to the repository whose configuration names it, not to the directory of some step.
  return { program: program.includes('/') ? path.resolve(root, program) : program, first };
}

/** What is wrong with a program, and the next move. */
export interface Trouble {
  readonly message: string;
  readonly help: string;
}

/** Says that nothing was found to start for the engine. */
export function notFoundTrouble(dialect: AnyDialect, config: EngineConfig, root: string): Trouble {
  const { program } = engineCommand(dialect, config, root);
  const isPath = program.includes('/');
  const absent = isPath ? `there is no ${program}` : `there is no \`${program}\` in PATH`;
  const place = placeOf(dialect, config);
  if (place === undefined) return { message: absent, help: dialect.install };
  if (isPath && statSync(program, { throwIfNoEntry: false }) !== undefined) {
    return unusable(program, place);
  }
  const relative = isPath ? ', where a path is relative to the root of the repository' : '';
  const message = `${absent}, which ${place} names`;
  return {
    message,
    help: `correct it there${relative}, or take the key out to use \`${dialect.program}\` from PATH`,
  };
}

/** Says why the system refused to start what was found. */
export function refusedTrouble(
  found: string,
  config: EngineConfig,
  dialect: AnyDialect,
  error: SpawnError,
): Trouble {
  if (error.code === 'E2BIG') {
    return {
      message: `\`${found}\` could not be started (E2BIG): ${error.message}`,
      help: 'its arguments are too big: shorten `system` or the schema',
    };
  }
  const interpreter = interpreterOf(found);
  if (interpreter !== undefined && !isProgram(interpreter)) {
    return {
      message: `${found} begins with \`#!${interpreter.replace('\r', '\\r')}\`, and there is no such program`,
      help: interpreter.endsWith('\r')
        ? 'save it with line ends of Unix (LF): the CR is taken for a part of the name'
        : 'correct its first line, or put the interpreter first in `command: [<program>, <file>]`',
    };
  }
  const place = placeOf(dialect, config);
  const named = place === undefined ? '' : `; ${place} names it`;
  return {
    message: `\`${found}\` could not be started (${error.code}): ${error.message}`,
    help: `check that it is a program for this machine which may be executed${named}`,
  };
}

/** The next move where a program was started that is not the engine; undefined where the engine's own advice fits. */
export function configuredHelp(dialect: AnyDialect, config: EngineConfig, root: string): string | undefined {
  const place = placeOf(dialect, config);
  if (place === undefined) return undefined;
  const { program, first } = engineCommand(dialect, config, root);
  return `see whether \`${[program, ...first].join(' ')} --version\` works in a terminal; ${place} names it`;
}

function placeOf(dialect: AnyDialect, { command, commandFrom }: EngineConfig): string | undefined {
  if (command === undefined) return undefined;
  return `\`engines.${dialect.name}.command\` in ${commandFrom ?? 'the configuration'}`;
}

function unusable(program: string, place: string): Trouble {
  const message = statSync(program).isDirectory() ? 'is a directory' : 'may not be executed';
  const help = statSync(program).isDirectory()
    ? `name the program in it; ${place} names the directory`
    : `run \`chmod +x ${program}\`, or put its interpreter first; ${place} names it`;
  return { message: `${program} ${message}`, help };
}

/** What the first line of a script names (execve(2), Interpreter scripts). */
function interpreterOf(file: string): string | undefined {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(256);
      const start = bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, 0));
      return /^#![ \t]*([^ \t\n]+)/.exec(start)?.[1];
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** Whether there is a file at this place that may be executed. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
