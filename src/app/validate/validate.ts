/** Checks workflow files for the command line. */
import type { ExitCode } from '../../model/exit.ts';
import { locate } from '../place.ts';
import { printRefusal } from '../print.ts';
import type { Refusal } from '../refusal.ts';
import { FORMATS, type Format, type ValidateHow, validateOnce } from './look.ts';

export { FORMATS, type Format, type ValidateHow };

/** Prints what is wrong with the files; exit code 2 when any of them is refused. Without names: all of `.codemachine/workflows`. */
export async function validateFiles(names: readonly string[], how: ValidateHow = {}): Promise<ExitCode> {
  const misuse = misuseOf(names, how);
  if (misuse !== undefined) return printRefusal(misuse);
  const place = locate({}, process.env);
  if (how.fix === true) {
    const { fixFiles } = await import('./fix.ts');
    return fixFiles(place, names, how);
  }
  if (how.watch === true) {
    const { watchFiles } = await import('./watch.ts');
    return watchFiles(place, names, how);
  }
  return (await validateOnce(place, names, how)).code;
}

/** What cannot be asked for together. */
function misuseOf(names: readonly string[], how: ValidateHow): Refusal | undefined {
  const stdin = names.includes('-');
  if (stdin && names.length > 1)
    return { message: '`-` is standard input, and stands alone', help: 'name files, or pipe one into `-`' };
  if (how.stdinFilename !== undefined && !stdin)
    return { message: '`--stdin-filename` names what comes by standard input', help: 'add `-`' };
  for (const [flag, on] of [
    ['--fix', how.fix],
    ['--watch', how.watch],
  ] as const) {
    if (stdin && on === true)
      return { message: `\`${flag}\` needs a file, and \`-\` is none`, help: 'name the file' };
  }
  if (how.fix === true && how.watch === true)
    return {
      message: '`--fix` and `--watch` do not go together: an editor may hold the old text',
      help: 'call `codemachine validate --fix` by itself',
    };
  if (how.dryRun === true && how.fix !== true)
    return { message: '`--dry-run` shows what `--fix` would do', help: 'add `--fix`' };
  if (how.dryRun === true && how.format !== undefined && how.format !== 'text')
    return { message: '`--dry-run` prints a diff', help: `leave \`--format ${how.format}\` out` };
  return undefined;
}
