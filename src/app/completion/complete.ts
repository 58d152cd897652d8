/** Answers a shell that asks what may stand where somebody is typing. */

import { readCommands } from '../usage/manifest.ts';
import { askedAt } from './asked.ts';
import { type Candidate, type Candidates, candidatesFor } from './candidates.ts';
import { forBash, replacedFrom, type Word, wordsOf } from './words.ts';

/**
 * Prints what may stand there: a line that says how it is meant, then one candidate a line, in the shell's own spelling.
 * `argv` is the shell's name with the line up to the cursor (bash, fish; bash also says what divides words) or with its words (zsh).
 * Nothing is written to, nothing started; whatever cannot be found out, nobody hears of: the prompt they type at is theirs.
 */
export async function complete(argv: readonly string[], root: string): Promise<void> {
  try {
    process.stdout.write(await answer(argv, root));
  } catch {
    // No candidates.
  }
}

async function answer([shell = '', ...rest]: readonly string[], root: string): Promise<string> {
  const words = shell === 'zsh' ? rest.map(plainWord) : ownWords(wordsOf(rest[0] ?? ''));
  const typed = words.at(-1);
  if (typed === undefined) return '';
  const commands = readCommands(root);
  const before = words.slice(0, -1).map(({ text }) => text);
  const asked = askedAt(commands, before, typed.text);
  const prefix = 'before' in asked ? asked.before : '';
  const isFirst = prefix === '' && asked.kind !== 'flags';
  const found = await candidatesFor(asked, { commands, env: process.env, root });
  const fitting = found.list
    .map(({ value, about }) => ({ value: prefix + value, about }))
    .filter(
      ({ value }) => value.startsWith(typed.text) && isSayable(value, isFirst && !before.includes('--')),
    );
  return print(shell, { ...found, list: fitting }, typed, rest[1] ?? '');
}

function plainWord(text: string): Word {
  return { raw: text, text, quote: '', from: 0, closed: false };
}

/** The words behind the program; what stands before it (`sudo`, `FOO=1`) is none of ours. */
function ownWords(words: readonly Word[]): readonly Word[] {
  const program = words.findIndex(({ text }) => /(^|\/)codemachine(\.js)?$/.test(text));
  return words.slice((program === -1 ? 0 : program) + 1);
}

/** What holds control characters is no line; what begins as a flag does would be taken for one. */
function isSayable(value: string, asArgument: boolean): boolean {
  return !/[\p{C}\p{Zl}\p{Zp}]/u.test(value) && !(asArgument && value.startsWith('-'));
}

function print(shell: string, { list, files }: Candidates, typed: Word, breaks: string): string {
  // The word goes on behind these: no blank is added.
  const open = list.some(({ value }) => value.endsWith('='));
  const how = ['+', ...(open ? ['open'] : []), ...(files === undefined ? [] : [files])].join(' ');
  const lines =
    shell === 'bash' ? bashLines(list, typed, breaks) : list.map(shell === 'zsh' ? zshLine : fishLine);
  return [how, ...lines].map((line) => `${line}\n`).join('');
}

function bashLines(list: readonly Candidate[], typed: Word, breaks: string): readonly string[] {
  const start = replacedFrom(typed, breaks);
  if (start === undefined) return [];
  const kept = typed.quote === '' ? wordsOf(typed.raw.slice(0, start)).at(-1)?.text : beforeQuote(typed);
  return list.flatMap(({ value }) => {
    const spelled = forBash(value.slice(kept?.length ?? 0), typed.quote);
    return spelled === undefined ? [] : [spelled];
  });
}

function beforeQuote({ raw, from }: Word): string {
  return wordsOf(raw.slice(0, from - 1)).at(-1)?.text ?? '';
}

/** As `_describe` reads it: the first colon that is not escaped ends the value. */
function zshLine({ value, about }: Candidate): string {
  const spelled = value.replaceAll(/[\\:]/g, '\\$&');
  return about === undefined || about === '' ? spelled : `${spelled}:${inOneLine(about)}`;
}

function fishLine({ value, about }: Candidate): string {
  return about === undefined ? value : `${value}\t${inOneLine(about)}`;
}

const WIDEST = 72;

function inOneLine(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();
  return line.length > WIDEST ? `${line.slice(0, WIDEST - 1)}…` : line;
}
