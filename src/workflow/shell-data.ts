/** Knows the commands that take a word for data, and never for something to run, to calculate or to load. */
import { FENCE, isAssignment } from './shell-scan.ts';

/** Words before a command that are none themselves. */
const BEFORE = new Set(['if', 'then', 'do', 'else', 'elif', 'while', 'until', '!', '{']);

/** What ends a list of commands, whose output goes where what follows says. */
const CLOSING = new Set(['}', 'fi', 'done']);

/** Commands that take every word as it is, and as many of them as come. */
const PLAIN = new Set(['echo', 'cat', 'true', 'false', ':']);

/** Commands of which no option runs anything, whose words are taken as they are where they are certainly no option. */
const OPERANDS = new Set([
  'ls',
  'mkdir',
  'touch',
  'rm',
  'rmdir',
  'basename',
  'dirname',
  'wc',
  'head',
  'tail',
  'grep',
]);

/** Of `git`: what takes names and paths. */
const GIT = new Set([
  'add',
  'branch',
  'commit',
  'diff',
  'log',
  'push',
  'rev-parse',
  'rm',
  'show',
  'status',
  'tag',
]);

const GH_ISSUE = new Set(['close', 'comment', 'create', 'edit', 'list', 'reopen', 'view']);

const UNARY = /^-[bcdefghknprsuwxzGLNOS]$/;
const COMPARING = /^(=|==|!=|-eq|-ne|-lt|-le|-gt|-ge)$/;

/** A command of a pipeline: its words with the numbers that they have there. */
export interface Command {
  readonly words: readonly string[];
  readonly from: number;
}

/** The commands of a pipeline, without what stands before each. */
export function commandsOf(words: readonly string[]): readonly Command[] {
  const found: Command[] = [];
  for (let from = 0; from <= words.length; ) {
    const stop = words.indexOf('|', from);
    const end = stop === -1 ? words.length : stop;
    let first = from;
    while (first < end && (BEFORE.has(words[first] ?? '') || (first === 0 && CLOSING.has(words[0] ?? ''))))
      first++;
    found.push({ words: words.slice(first, end), from: first });
    from = end + 1;
  }
  return found;
}

/** Whether what follows a list of commands says where their output goes. */
export function leadsOn(words: readonly string[]): boolean {
  return CLOSING.has(words[0] ?? '') && words.length > 1;
}

/** Whether a command does nothing with whatever words it gets but print them. */
export function isPlain({ words }: Command): boolean {
  const [name, format] = words;
  if (name === undefined || words.every((word) => isValue(word))) return true;
  return PLAIN.has(name) || (name === 'printf' && isFormat(format));
}

/** Whether the word with a number in its pipeline is certainly data for its command. */
export function takesAsData(command: Command, number: number): boolean {
  const { words, from } = command;
  const at = number - from;
  const [name = '', sub = ''] = words;
  const redirected = words[at - 1] === '>';
  if (redirected || at < 0) return false;
  if (words.length === 1 && at === 0) return isValue(words[0] ?? '');
  if (at === 0) return false;
  if (isPlain(command)) return true;
  if (name === '[' || name === 'test') return isTest(words);
  if (name === 'gh' && sub === 'issue') return at > 2 && GH_ISSUE.has(words[2] ?? '');
  if (name === 'curl')
    return ['-H', '--header'].includes(words[at - 1] ?? '') && /^[A-Za-z-]+: /.test(words[at] ?? '');
  if (name === 'git') return at > 1 && GIT.has(sub) && (isMessage(words, at) || isOperand(words, at));
  return OPERANDS.has(name) && isOperand(words, at);
}

// Names in small letters mean nothing to shells and programs; where a command follows, the value is that command's.
function isValue(word: string): boolean {
  return (
    isAssignment(word) && /^[a-z_]\w*=/.test(word) && !/^\w*[A-Z]/.test(word) && !/^\w*_proxy=/.test(word)
  );
}

function isMessage(words: readonly string[], at: number): boolean {
  return ['commit', 'tag'].includes(words[1] ?? '') && ['-m', '--message'].includes(words[at - 1] ?? '');
}

// What begins with data may begin with a dash, and what braces make of a word as well.
function isOperand(words: readonly string[], at: number): boolean {
  const word = words[at] ?? '';
  if (words.some((one) => /^[${(]|\(\)/.test(one))) return false;
  return words.slice(1, at).includes('--') || (/^[\w./]/.test(word) && !word.includes('{'));
}

// `-v` reads a name, and calculates what stands in its brackets.
function isTest(words: readonly string[]): boolean {
  if (words.some((word) => word.includes('$') || word.includes('()'))) return false;
  if (words[0] === '[' && words.at(-1) !== ']') return false;
  const given = words.slice(1, words[0] === '[' ? -1 : undefined);
  if (given.length === 1) return true;
  if (given.length === 2) return UNARY.test(given[0] ?? '');
  return given.length === 3 && COMPARING.test(given[1] ?? '');
}

// `-v` names a variable; a number may be calculated.
function isFormat(format: string | undefined): boolean {
  if (format === undefined || format.includes(FENCE) || /^-|[$()]/.test(format)) return false;
  return !/%(?![-0-9.]*[sbq%])/.test(format);
}
