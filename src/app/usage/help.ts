/** Writes the screens of help: examples first, then what a command does, takes and ends with. */
import { FIRST, FLAG_GROUPS, GROUPS, MORE, NO_MORE, VALUES } from './help-words.ts';
import {
  type ArgSpec,
  type CommandSpec,
  type Commands,
  type Example,
  type FlagSpec,
  namesOf,
  plainExample,
} from './manifest.ts';

const COLUMNS = 80;
/** What is said of a flag or an argument begins here at the latest. */
const WIDEST_NAME = 29;

/** The screen about the program. */
export function rootHelp(commands: Commands): string {
  const names = namesOf(commands);
  const grouped = GROUPS.flatMap((group) => group.commands);
  const groups = GROUPS.map(({ title, commands: own }, at) => ({
    title,
    // A command that nobody has put anywhere is not left out.
    own: [...own, ...(at === GROUPS.length - 1 ? names.filter((name) => !grouped.includes(name)) : [])],
  }));
  const first = FIRST.filter(({ command }) => names.includes(command)).slice(0, 3);
  return screen([
    ['Runs YAML workflows on coding agents: checked before they start, recorded, resumable.'],
    ['Begin with', ...table(first.map(({ line, about }) => [line, about]))],
    ...groups.map(({ title, own }) => [
      title,
      ...table(
        own.filter((name) => names.includes(name)).map((name) => [name, commands[name]?.summary ?? '']),
        11,
      ),
    ]),
    [
      '`codemachine <command> --help` shows examples, flags and exit codes.',
      '`codemachine completion` makes the tab key know all of this.',
    ],
  ]);
}

/** The screen about one command. */
export function commandHelp(command: CommandSpec): string {
  const { exits, see, page } = MORE[command.id] ?? NO_MORE;
  const args = Object.values(command.args).filter(({ hidden }) => hidden !== true);
  const flags = Object.values(command.flags).filter(({ hidden }) => hidden !== true);
  const others = see.map((name) => `codemachine ${name}, `).join('');
  return screen([
    ['Examples', ...exampleLines(command.examples ?? [])],
    wrapped(told(command), COLUMNS),
    wrapped(`Usage: codemachine ${usage(command, args, flags)}`, COLUMNS),
    ...(args.length === 0 ? [] : [['Arguments', ...table(args.map(argRow))]]),
    ...flagBlocks([...flags, HELP]),
    [...wrapped(`Exit codes: ${exits}`, COLUMNS), ...wrapped(`See also: ${others}${page}`, COLUMNS)],
  ]);
}

function screen(blocks: readonly (readonly string[])[]): string {
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function told({ summary = '', description }: CommandSpec): string {
  const first = /[.!?]$/.test(summary) ? summary : `${summary}.`;
  return description === undefined ? first : `${first} ${description}`;
}

/** Beside each other where all fit, else each below what it is for. */
function exampleLines(examples: readonly Example[]): readonly string[] {
  const rows = examples.map((example) => ({
    line: plainExample(example),
    about: typeof example === 'string' ? '' : `# ${example.description}`,
  }));
  const width = Math.max(...rows.map(({ line }) => line.length));
  if (rows.every(({ about }) => width + about.length + 4 <= COLUMNS))
    return rows.map(({ line, about }) => `  ${line.padEnd(width)}  ${about}`.trimEnd());
  return rows.flatMap(({ line, about }) => [...(about === '' ? [] : [`  ${about}`]), `  ${line}`]);
}

function usage(command: CommandSpec, args: readonly ArgSpec[], flags: readonly FlagSpec[]): string {
  if (command.usage !== undefined) return command.usage.replace('<%= command.id %>', command.id);
  const words = args.map(({ name, required }, at) => {
    const many = command.strict === false && at === args.length - 1 ? '…' : '';
    return required === true ? `<${name}>${many}` : `[${name}]${many}`;
  });
  const owed = flags
    .filter(({ required }) => required === true)
    .map((flag) => `--${flag.name} ${valueOfFlag(flag)}`);
  return [command.id, ...words, ...owed, ...(flags.length === 0 ? [] : ['[flags]'])].join(' ');
}

const HELP: FlagSpec = { name: 'help', type: 'boolean', char: 'h', description: 'show this' };

/** The flags under their headings, what is said of them in one column. */
function flagBlocks(flags: readonly FlagSpec[]): readonly (readonly string[])[] {
  const rows = new Map(flags.map((flag) => [flag, flagRow(flag)]));
  const width = widthOf([...rows.values()]);
  const titleOf = ({ name, helpGroup }: FlagSpec): string =>
    helpGroup ?? FLAG_GROUPS.find((group) => group.flags.includes(name))?.title ?? 'Flags';
  const known = FLAG_GROUPS.map(({ title }) => title);
  const titles = [...new Set(flags.map(titleOf))].filter((title) => !known.includes(title));
  return [...titles, ...known].flatMap((title) => {
    const own = flags.flatMap((flag) => (titleOf(flag) === title ? [rows.get(flag) ?? flagRow(flag)] : []));
    return own.length === 0 ? [] : [[title, ...table(own, width)]];
  });
}

function argRow({ name, description = '', options }: ArgSpec): readonly [string, string] {
  return [`<${name}>`, options === undefined ? description : `${description}: ${options.join(', ')}`];
}

function flagRow(flag: FlagSpec): readonly [string, string] {
  const { name, char, type, allowNo, description = '', options, required, default: standard } = flag;
  const letter = char === undefined ? '    ' : `-${char}, `;
  const value = type === 'option' ? ` ${valueOfFlag(flag)}` : '';
  const about = options === undefined ? description : `${description}: ${options.join(', ')}`;
  const preset = type === 'option' && standard !== undefined ? `; default: ${String(standard)}` : '';
  return [
    `${letter}--${allowNo === true ? '[no-]' : ''}${name}${value}`,
    `${about}${preset}${required === true ? ' (needed)' : ''}`,
  ];
}

function valueOfFlag({ name, helpValue, options }: FlagSpec): string {
  const value = helpValue ?? VALUES[name] ?? (options === undefined ? '<value>' : `<${name}>`);
  return /^[<[]/.test(value) ? value : `<${value.toLowerCase()}>`;
}

/** Two columns; a name that is too wide for the first has a line of its own. */
function table(rows: readonly (readonly [string, string])[], least = 0): readonly string[] {
  const width = Math.max(least, widthOf(rows));
  const indent = width + 4;
  return rows.flatMap(([name, about]) => {
    const [first = '', ...more] = wrapped(about, COLUMNS - indent);
    const rest = more.map((line) => ' '.repeat(indent) + line);
    return name.length > width
      ? [`  ${name}`, ' '.repeat(indent) + first, ...rest]
      : [`  ${name.padEnd(width)}  ${first}`.trimEnd(), ...rest];
  });
}

function widthOf(rows: readonly (readonly [string, string])[]): number {
  return Math.max(0, ...rows.map(([name]) => name.length).filter((one) => one <= WIDEST_NAME));
}

/** Breaks a text between words. */
function wrapped(text: string, width: number): readonly string[] {
  const lines = [''];
  // What stands in backticks is typed as one.
  for (const [word] of text.matchAll(/`[^`]*`\S*|\S+/g)) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
