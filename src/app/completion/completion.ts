/** Prints what a shell sources, or says how. */
import path from 'node:path';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { printRefusal } from '../print.ts';
import { INSTALL, SCRIPTS, SHELLS, type Shell } from './scripts.ts';

export { SHELLS, type Shell };

/** `codemachine completion [shell]`: without a shell, says the one line to type in the user's own. */
export async function completionCommand(shell: Shell | undefined, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  if (shell !== undefined) {
    process.stdout.write(SCRIPTS[shell]);
    return EXIT.succeeded;
  }
  const name = path.basename(env['SHELL'] ?? '');
  const own = SHELLS.find((one) => one === name);
  if (own === undefined) {
    return printRefusal({
      message: name === '' ? 'SHELL does not say which shell this is' : `there is no completion for ${name}`,
      help: `name one: \`codemachine completion ${SHELLS.join('|')}\``,
    });
  }
  const { line, file } = INSTALL[own];
  process.stdout.write(
    `Type this to have completion in this ${own}, or put it into ${file} to have it in all:\n\n  ${line}\n`,
  );
  return EXIT.succeeded;
}
