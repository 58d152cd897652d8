/** Says what can be called, where something was called that there is not. */
import { readFileSync } from 'node:fs';
import { EXIT, type ExitCode } from '../model/exit.ts';
import { nearest } from '../workflow/suggest.ts';
import { answerError } from './programs.ts';

/** Refuses a command that there is not; the most likely one is named. */
export function sayUnknown(command: string, root: URL): ExitCode {
  const manifest = JSON.parse(readFileSync(new URL('oclif.manifest.json', root), 'utf8')) as {
    readonly commands: Readonly<Record<string, unknown>>;
  };
  const commands = Object.keys(manifest.commands).sort();
  // oclif joins the words of a command by colons.
  const word = command.split(':')[0] ?? command;
  const near = nearest(word, commands);
  const help =
    near === undefined ? `there are: ${commands.join(', ')}` : `did you mean \`codemachine ${near}\`?`;
  const message = `there is no command ${word}`;
  process.stderr.write(`codemachine: ${message}\n  ${help}\n`);
  answerError({ code: 'usage', message, help, exit: EXIT.refused });
  return EXIT.refused;
}
