/** Says what was meant where a command is called with words that it does not take. */

import { nearest } from '../../workflow/suggest.ts';
import type { Refusal } from '../refusal.ts';
import { type CommandSpec, type Commands, plainExample } from './manifest.ts';

/** What the parser of command lines throws, as far as it is looked at. */
export interface ParserError {
  readonly message: string;
  /** Flags that there are not. */
  readonly flags?: readonly string[];
  /** Arguments that are missing, or words that are too many. */
  readonly args?: readonly ({ readonly name: string; readonly description?: string } | string)[];
}

/** What others call a flag, beside what it is called here: the first one that the command has is meant. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  arg: ['input'],
  background: ['detach'],
  concurrency: ['max-parallel', 'jobs'],
  continue: ['resume'],
  'dry-run': ['plan'],
  env: ['input'],
  exclude: ['skip'],
  filter: ['only'],
  follow: ['watch'],
  force: ['yes'],
  grep: ['only'],
  jobs: ['max-parallel'],
  message: ['comment'],
  'output-format': ['format', 'json'],
  parallel: ['max-parallel', 'jobs'],
  param: ['input'],
  reason: ['comment'],
  set: ['input'],
  tail: ['follow', 'watch'],
  var: ['input'],
  watch: ['follow'],
  wait: ['watch'],
};

/** Turns what the parser throws into a sentence about the command `name`. */
export function misuseOf(error: ParserError, name: string, commands: Commands): Refusal {
  const command = commands[name];
  const told = error.message.replaceAll(ESCAPES, '').replace(/\s*See more help with --help\s*$/, '');
  if (command === undefined) return { message: told };
  const help = `\`codemachine ${name} --help\` says what it takes`;
  const [flag] = error.flags ?? [];
  if (flag !== undefined) return unknownFlag(flag, command, commands);
  const [arg] = error.args ?? [];
  if (arg !== undefined && typeof arg === 'object') return missing(arg.name, arg.description, command);
  if (arg !== undefined) return tooMany(String(arg), command);
  const [, subject = '', value = '', listed] =
    /^Expected (?:(--[^=]+)=)?(.*) to be one of: (.*)$/s.exec(told) ?? [];
  if (listed !== undefined) return notListed(subject, value, listed.split(/,\s+/));
  const [, wrong, reason = ''] = /^Parsing (--\S+)\s+(.*)$/s.exec(told) ?? [];
  if (wrong !== undefined) return { message: `${wrong}: ${lowered(reason)}`, help };
  const [, empty] = /^Flag (--\S+) expects (?:a value|one of these values)/.exec(told) ?? [];
  if (empty !== undefined) return { message: `${empty} needs a value behind it`, help };
  return { message: sentences(told), help };
}

// oclif dims some of its words at a terminal.
const ESCAPES = /\u001b\[[\d;]*m/g;

function unknownFlag(written: string, command: CommandSpec, commands: Commands): Refusal {
  const word = written.replace(/^-+/, '').replace(/=.*$/s, '');
  const message = `${command.id} has no flag ${written.startsWith('--') ? written : `-${word}`}`;
  const all = `\`codemachine ${command.id} --help\` lists what it has`;
  const own = Object.keys(command.flags);
  const called = ELSEWHERE[word]?.find((one) => own.includes(one));
  const meant = called ?? (written.startsWith('--') ? nearest(word, own) : byLetter(word, command));
  if (meant !== undefined) return { message, help: `did you mean \`--${meant}\`? ${all}` };
  const others = Object.values(commands).filter(({ flags }) => Object.hasOwn(flags, word));
  const names = others.map(({ id }) => `\`codemachine ${id}\``);
  return names.length === 0
    ? { message, help: all }
    : { message, help: `${words(names)} ${names.length === 1 ? 'has' : 'have'} it; ${all}` };
}

/** One letter: the flag that begins with it, where there is one alone. */
function byLetter(letter: string, { flags }: CommandSpec): string | undefined {
  const all = Object.keys(flags).filter((name) => name.startsWith(letter));
  return all.length === 1 ? all[0] : undefined;
}

const MOST = 4;

function words(names: readonly string[]): string {
  if (names.length > MOST) return `${names.slice(0, MOST).join(', ')} and others`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Where what is to be named is listed. */
const LISTS: Readonly<Record<string, string>> = {
  run: '`codemachine runs` lists them, and `@last` is the newest',
  workflow: '`codemachine validate` names those of .codemachine/workflows',
  step: '`codemachine status <run>` lists them',
};

function missing(arg: string, about: string | undefined, command: CommandSpec): Refusal {
  const [example] = (command.examples ?? []).map(plainExample);
  const list = LISTS[arg];
  return {
    message: `${command.id} needs a <${arg}>${about === undefined ? '' : `: ${about}`}`,
    help: [...(example === undefined ? [] : [`\`${example}\``]), ...(list === undefined ? [] : [list])].join(
      '; ',
    ),
  };
}

function tooMany(word: string, command: CommandSpec): Refusal {
  const taken = Object.keys(command.args).map((name) => `<${name}>`);
  const message = `${command.id} takes ${taken.length === 0 ? 'no words' : taken.join(' ')}, and \`${word}\` is one too many`;
  if (/^[\w-]+=/.test(word) && Object.hasOwn(command.flags, 'input'))
    return { message, help: `an input is given as \`--input ${word}\`` };
  if (command.id === 'answer')
    return {
      message,
      help: `what is decided is given as \`--option ${nearest(word, ['approve', 'reject']) ?? word}\``,
    };
  const flag = Object.hasOwn(command.flags, word) ? word : nearest(word, Object.keys(command.flags));
  if (flag !== undefined && command.flags[flag]?.type === 'boolean')
    return { message, help: `did you mean \`--${flag}\`?` };
  return { message, help: `\`codemachine ${command.id} --help\` says what it takes` };
}

function notListed(subject: string, value: string, options: readonly string[]): Refusal {
  const near = nearest(value, options);
  const spelled =
    near === undefined ? '' : `did you mean \`${subject === '' ? near : `${subject} ${near}`}\`? `;
  return {
    message: subject === '' ? `there is no ${value} here` : `${subject} cannot be ${value}`,
    help: `${spelled}${near === undefined ? 'there' : 'There'} are: ${options.join(', ')}`,
  };
}

/** What the parser says of flags together, in the words of the rest. */
function sentences(told: string): string {
  return told
    .replace(/^The following errors? occurred:\s*/, '')
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/^Missing required flag (\S+)$/, '--$1 is missing')
        .replace(
          /^--([^=\s]+)(?:=\S*)? cannot also be provided when using --(\S+)$/,
          '--$1 and --$2 do not go together',
        ),
    )
    .join('\n');
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
