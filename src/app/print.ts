/** Prints what a command has to say, for people or for programs. */
import path from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import { EXIT, type ExitCode } from '../model/exit.ts';
import { onGithub } from '../report/choose.ts';
import { cleanForGithub, cleanForTerminal } from '../report/clean.ts';
import { folded } from '../report/folded.ts';
import { answerError } from './programs.ts';
import type { Refusal } from './refusal.ts';

/** Whether people may be shown colours on this stream. `NO_COLOR` and `FORCE_COLOR` as at no-color.org. */
export function colorOn(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** A stream as far as it matters for what may be printed on it. */
type Screen = Pick<NodeJS.WriteStream, 'isTTY'>;

/** Whether somebody obeys what is printed there: a terminal, or the runner of GitHub Actions. */
export function isObeyed(stream: Screen, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true || onGithub(env);
}

/** Text that others wrote (agents, children, names in a repository), harmless where it is obeyed and as it is elsewhere. */
export function harmless(text: string, stream: Screen, env: NodeJS.ProcessEnv): string {
  const options = { color: colorOn(stream as NodeJS.WriteStream, env) };
  if (onGithub(env)) return cleanForGithub(text, options);
  return stream.isTTY === true ? cleanForTerminal(text, options) : text;
}

/** Such text, its lines broken between words where a terminal would break them anywhere. */
export function screenText(text: string, stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): string {
  const whole = harmless(text, stream, env);
  return stream.isTTY === true ? folded(whole, stream.columns) : whole;
}

/** Prints a refusal on standard error, and for a program that asked on standard output; gives the exit code that goes with it. */
export async function printRefusal(refusal: Refusal): Promise<ExitCode> {
  await sayRefusal(refusal);
  const { message, help, diagnostics = [], sources = new Map(), code } = refusal;
  answerError({
    code: code ?? (diagnostics.length === 0 ? 'refused' : 'invalid'),
    message,
    ...(help === undefined ? {} : { help }),
    exit: EXIT.refused,
    ...(diagnostics.length === 0 ? {} : await diagnosed(diagnostics, sources)),
  });
  return EXIT.refused;
}

async function diagnosed(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
): Promise<{ readonly diagnostics: readonly object[] }> {
  const { diagnosticsJson } = await import('../report/squiggle.ts');
  return diagnosticsJson(diagnostics, sources);
}

/** Tells people of a refusal that is not what the command comes to. */
export async function sayRefusal(refusal: Refusal): Promise<void> {
  await printDiagnosed(refusal.diagnostics ?? [], refusal.sources ?? new Map());
  const help = refusal.help === undefined ? '' : `  ${refusal.help}\n`;
  process.stderr.write(harmless(`${ours(refusal.message)}${help}`, process.stderr, process.env));
}

/**
 * A message of ours to people. Each line says whose it is, since several may be as many problems; a line that is set in belongs to the
 * one above it. What is a sentence by itself elsewhere goes on behind the colon here.
 */
export function ours(message: string): string {
  return message
    .split('\n')
    .map((line) => (/^\s|^$/.test(line) ? `${line}\n` : `codemachine: ${line.replace(SENTENCE, lowered)}\n`))
    .join('');
}

const SENTENCE = /^(?:The|An?|This|These|Untracked)\b/;

function lowered(word: string): string {
  return word.toLowerCase();
}

/** Does what a command does. A state directory that fails in the middle of it is trouble with the world, and said as such. */
export async function orTrouble(command: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await command();
  } catch (error) {
    const { StateError } = await import('../state/problem.ts');
    if (error instanceof StateError) return printRefusal({ message: error.message, code: 'state' });
    throw error;
  }
}

/** Prints what is wrong with files on standard error. */
export async function printDiagnosed(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
): Promise<void> {
  if (diagnostics.length === 0) return;
  const { printDiagnostics } = await import('../report/squiggle.ts');
  const text = printDiagnostics(diagnostics, sources, { color: colorOn(process.stderr, process.env) });
  process.stderr.write(harmless(text, process.stderr, process.env));
  if (!onGithub(process.env)) return;
  const { annotations } = await import('../report/annotations.ts');
  process.stderr.write(annotations(diagnostics, sources, inCheckout));
}

/** The path of a file as GitHub knows it: what is shown is relative to where somebody stands. */
function inCheckout(shown: string): string {
  const root = process.env['GITHUB_WORKSPACE'];
  if (root === undefined || /^<.*>$/.test(shown)) return shown;
  const file = path.relative(root, path.resolve(shown));
  return file.startsWith('..') ? shown : file;
}
