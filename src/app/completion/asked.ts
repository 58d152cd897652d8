/** Says what may stand where somebody is typing, by what the commands take. */
import type { ArgSpec, CommandSpec, Commands, FlagSpec } from '../usage/manifest.ts';

/** What a word stands for, where it is none of a few that are listed. */
export type Kind =
  | 'workflow'
  | 'run'
  | 'step'
  | 'started-step'
  | 'gate'
  | 'input'
  | 'field'
  | 'option'
  | 'budget'
  | 'engine'
  | 'template'
  | 'file'
  | 'directory'
  | 'command'
  | 'free';

/** What is asked for at the cursor. */
export type Asked =
  | { readonly kind: 'flags'; readonly command: CommandSpec; readonly given: readonly string[] }
  | {
      readonly kind: Kind | 'value';
      readonly options: readonly string[];
      /** What stands before it in the same word: `--by=`. */
      readonly before: string;
      readonly line: Line;
    };

/** What was said before the cursor. */
export interface Line {
  readonly command: CommandSpec | undefined;
  /** The words without flags, by the names of the arguments that they are. */
  readonly args: Readonly<Record<string, string>>;
  /** The last value of each flag; of one without a value ''. */
  readonly flags: Readonly<Record<string, string>>;
}

const ARGS: Readonly<Record<string, Kind>> = {
  workflow: 'workflow',
  run: 'run',
  step: 'started-step',
  gate: 'gate',
  file: 'file',
  files: 'file',
  directory: 'directory',
  dir: 'directory',
  command: 'command',
};

// By command and name where one name means two things.
const FLAGS: Readonly<Record<string, Kind>> = {
  input: 'input',
  inputs: 'file',
  only: 'step',
  'test.only': 'free',
  skip: 'step',
  resolved: 'step',
  from: 'step',
  field: 'field',
  option: 'option',
  budget: 'budget',
  record: 'directory',
  replay: 'directory',
  'state-dir': 'directory',
  junit: 'file',
  output: 'file',
  engine: 'engine',
  template: 'template',
};

const SPECIAL: Readonly<Record<string, Kind>> = { 'engines.name': 'engine', 'validate.files': 'workflow' };

/** What an argument of a command stands for. */
function kindOfArg(command: CommandSpec, { name, options }: ArgSpec): Kind | 'value' {
  if (options !== undefined) return 'value';
  return SPECIAL[`${command.id}.${name}`] ?? ARGS[name] ?? 'free';
}

/** What the value of a flag stands for. */
function kindOfFlag(command: CommandSpec, { name, options }: FlagSpec): Kind | 'value' {
  if (options !== undefined) return 'value';
  return FLAGS[`${command.id}.${name}`] ?? FLAGS[name] ?? 'free';
}

/** Reads the words before the cursor (without the program), and the one at it. */
export function askedAt(commands: Commands, words: readonly string[], typed: string): Asked {
  const [name = '', ...rest] = words;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const nothing: Line = { command, args: {}, flags: {} };
  const at = (kind: Kind): Asked => ({ kind, options: [], before: '', line: nothing });
  if (words.length === 0) return at('command');
  if (name === 'help') return at(words.length === 1 ? 'command' : 'free');
  if (command === undefined) return at('free');
  const read = readLine(command, rest);
  if (read.owed !== undefined) return valueAt(command, read.owed, read.line);
  if (!read.closed) {
    const inside = /^--([^=]+)=/.exec(typed);
    const flag = inside === null ? undefined : command.flags[inside[1] ?? ''];
    if (inside !== null && flag === undefined) return at('free');
    if (flag !== undefined) return valueAt(command, flag, read.line, inside?.[0]);
    if (typed.startsWith('-')) return { kind: 'flags', command, given: Object.keys(read.line.flags) };
  }
  // Behind `--` these commands take paths.
  if (read.closed && ['diff', 'restore', 'apply'].includes(command.id))
    return { kind: 'file', options: [], before: '', line: read.line };
  if (read.next === undefined) return { kind: 'flags', command, given: Object.keys(read.line.flags) };
  const { options = [] } = read.next;
  return { kind: kindOfArg(command, read.next), options, before: '', line: read.line };
}

function valueAt(command: CommandSpec, flag: FlagSpec, line: Line, before = ''): Asked {
  return { kind: kindOfFlag(command, flag), options: flag.options ?? [], before, line };
}

interface Read {
  readonly line: Line;
  /** The flag whose value comes next. */
  readonly owed: FlagSpec | undefined;
  /** The argument that comes next. */
  readonly next: ArgSpec | undefined;
  /** Whether `--` was said. */
  readonly closed: boolean;
}

function readLine(command: CommandSpec, words: readonly string[]): Read {
  const specs = Object.values(command.args);
  const flags: Record<string, string> = {};
  const plain: string[] = [];
  let owed: FlagSpec | undefined;
  let closed = false;
  for (const word of words) {
    if (owed !== undefined) {
      flags[owed.name] = word;
      owed = undefined;
    } else if (closed || !/^-./.test(word)) plain.push(word);
    else if (word === '--') closed = true;
    else {
      const [, long = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
      const flag = long === '' ? byChar(command, word[1]) : command.flags[long];
      const given = long === '' ? word.slice(2) || undefined : value;
      if (flag?.type === 'option' && given === undefined) owed = flag;
      flags[flag?.name ?? long] = given ?? '';
    }
  }
  const args = Object.fromEntries(specs.flatMap(({ name }, at) => named(name, plain[at])));
  const last = command.strict === false ? specs.at(-1) : undefined;
  return { line: { command, args, flags }, owed, next: specs[plain.length] ?? last, closed };
}

function byChar(command: CommandSpec, char: string | undefined): FlagSpec | undefined {
  return Object.values(command.flags).find((flag) => flag.char === char);
}

function named(name: string, word: string | undefined): readonly (readonly [string, string])[] {
  return word === undefined ? [] : [[name, word]];
}
