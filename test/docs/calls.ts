// Compares calls of the program that a page shows with the commands that there are.
import { readFileSync } from 'node:fs';
import path from 'node:path';

interface Command {
  readonly strict: boolean;
  readonly args: Readonly<
    Record<string, { readonly required?: boolean; readonly options?: readonly string[] }>
  >;
  readonly flags: Readonly<
    Record<
      string,
      {
        readonly char?: string;
        readonly type: string;
        readonly allowNo?: boolean;
        readonly options?: readonly string[];
      }
    >
  >;
}

/** The commands of the program, by name. */
export const COMMANDS: Readonly<Record<string, Command>> = (
  JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../oclif.manifest.json'), 'utf8')) as {
    commands: Record<string, Command>;
  }
).commands;

/** The words of each command of a line for a shell: quotes are read, comments and redirections are left out. */
export function commandsOf(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  const token =
    /\s*(?:(#.*)|(\d?(?!<[^<>\s]+>)[<>]+&?\d?\s*\S+)|([|;&()]+)|((?:"[^"]*"|'[^']*'|<[^<>\s]+>|[^\s|;&()'"<>])+))/gy;
  for (const [, comment, redirection, between, word] of line.matchAll(token)) {
    if (comment !== undefined) break;
    if (between !== undefined) commands.push([]);
    else if (redirection === undefined && word !== undefined)
      commands.at(-1)?.push(word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  }
  return commands.filter((words) => words.length > 0);
}

/** What of a line calls the program: the words behind its name. Variables may be set before it. */
export function callsIn(line: string): readonly (readonly string[])[] {
  return commandsOf(line).flatMap((words) => {
    const at = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
    return words[at] === 'codemachine' ? [words.slice(at + 1)] : [];
  });
}

/**
 * What is wrong with a call, or nothing. `…` stands for anything. In prose a call may leave out what it needs: `codemachine resume` speaks of the command.
 */
export function faultOf(call: readonly string[], where: 'shell' | 'prose'): string | undefined {
  const [name = '', ...rest] = call;
  if (['--version', '--help', 'help'].includes(name)) return undefined;
  const command = COMMANDS[name];
  if (command === undefined) return `there is no command ${name}`;
  const before = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  const args: string[] = [];
  for (let i = 0; i < before.length; i++) {
    const word = before[i] ?? '';
    if (!/^-./.test(word)) {
      args.push(word);
      continue;
    }
    const [flag = '', inline] = word.split(/=(.*)/s);
    const known = Object.entries(command.flags).find(
      ([long, { char, allowNo }]) =>
        flag === `--${long}` || flag === `-${char}` || (allowNo === true && flag === `--no-${long}`),
    )?.[1];
    if (flag.includes('…')) continue;
    if (known === undefined && flag !== '--help') return `${name} has no flag ${flag}`;
    if (known?.type !== 'option') continue;
    const value = inline ?? before[++i];
    if (value === undefined) {
      if (where === 'shell') return `${flag} wants a value`;
    } else if (known.options !== undefined && !known.options.includes(value) && value !== '…')
      return `${flag} does not take ${value}`;
  }
  return faultOfArgs(name, command, args, where);
}

function faultOfArgs(
  name: string,
  { args: declared, strict }: Command,
  given: readonly string[],
  where: 'shell' | 'prose',
): string | undefined {
  const known = Object.entries(declared);
  const missing = known[given.length];
  if (where === 'shell' && missing?.[1].required === true) return `${name} wants ${missing[0]}`;
  if (strict && given.length > known.length) return `${name} does not take ${given.at(-1)}`;
  for (const [index, [, { options }]] of known.entries()) {
    const value = given[index];
    if (value !== undefined && options !== undefined && !/^[[<…]/.test(value) && !options.includes(value))
      return `${name} does not take ${value}`;
  }
  return undefined;
}
