/** Says on standard error why a command line is refused. */
import type { ExitCode } from '../../model/exit.ts';
import { printRefusal } from '../print.ts';
import { readCommands } from './manifest.ts';
import { misuseOf, type ParserError } from './misuse.ts';
import { unknownCommand } from './unknown-command.ts';

/** Explains what the parser of command lines threw; `words` are those that were typed, `root` the directory of package.json. */
export function sayMisuse(error: ParserError, words: readonly string[], root: string): Promise<ExitCode> {
  const commands = readCommands(root);
  const [name = ''] = words;
  const known = Object.hasOwn(commands, name);
  const refusal = known ? misuseOf(error, name, commands) : unknownCommand(words, commands);
  return printRefusal({ ...refusal, code: 'usage' });
}
