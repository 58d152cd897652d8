/** Prints help where a command line asks for it. */
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { printRefusal } from '../print.ts';
import { commandHelp, rootHelp } from './help.ts';
import { readCommands } from './manifest.ts';
import { unknownCommand } from './unknown-command.ts';

/** Prints what `name` takes, or where that is '' the program. `root` is the directory of package.json. */
export async function showHelp(name: string, root: string): Promise<ExitCode> {
  const commands = readCommands(root);
  if (name === '') {
    process.stdout.write(rootHelp(commands));
    return EXIT.succeeded;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) return printRefusal({ ...unknownCommand([name], commands), code: 'usage' });
  process.stdout.write(commandHelp(command));
  return EXIT.succeeded;
}
