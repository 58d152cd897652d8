/** Answers the program that reads standard output. */
import type { ExitCode } from '../model/exit.ts';
import { jsonLine } from '../report/json-line.ts';

/** What kind of refusal it is; `schemas/error.schema.json` says what each means. */
export type ErrorCode = 'usage' | 'invalid' | 'no-workflow' | 'no-run' | 'state' | 'refused' | 'defect';

/** What a program is told where a command came to nothing. */
export interface Said {
  readonly code: ErrorCode;
  readonly message: string;
  readonly help?: string;
  readonly exit: ExitCode;
  /** What is wrong with files, as `validate --json` prints it. */
  readonly diagnostics?: readonly object[];
}

// Of the process, as standard output is.
const reader = { program: false, answered: false };

/** Whether a command line asks for JSON; looked at before it is parsed, since one that cannot be parsed is to be answered as well. */
function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  return own.some(
    (word, at) =>
      word === '--json' ||
      /^--(format|graph)=json$/.test(word) ||
      (/^--(format|graph)$/.test(word) && own[at + 1] === 'json'),
  );
}

/** Says who reads standard output from now on. */
export function readBy(words: readonly string[]): void {
  Object.assign(reader, { program: asksForJson(words), answered: false });
}

/** Prints the one document of a command. */
export function answer(value: unknown): void {
  reader.answered = true;
  process.stdout.write(jsonLine(value));
}

/** Prints that a command came to nothing, where a program reads and was told nothing yet. */
export function answerError({ exit, ...error }: Said): void {
  if (!reader.program || reader.answered) return;
  answer({ error: { ...error, 'exit-code': exit } });
}
