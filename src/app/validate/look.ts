/** Looks at the files that `validate` is about, and prints what is wrong with them. */
import type { Config } from '../../model/config.ts';
import { type Diagnostic, hasErrors, sorted } from '../../model/diagnostic.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import type { Result } from '../../model/result.ts';
import { err, ok } from '../../model/result.ts';
import { printDiagnostics } from '../../report/squiggle.ts';
import { type Checked, checkSource } from '../check.ts';
import { loadConfig } from '../config.ts';
import { readText } from '../files.ts';
import { type Place, shown } from '../place.ts';
import { colorOn, harmless, printRefusal, sayRefusal } from '../print.ts';
import type { Refusal } from '../refusal.ts';
import { filesOf, type Subject } from './files.ts';

/** How `validate --format` prints. */
export const FORMATS = ['text', 'json', 'github', 'sarif'] as const;
export type Format = (typeof FORMATS)[number];

/** What the flags of `validate` say. */
export interface ValidateHow {
  readonly format?: Format;
  /** Warnings are errors. */
  readonly strict?: boolean;
  /** Writes what can only be meant in one way. */
  readonly fix?: boolean;
  /** Prints what `fix` would change. */
  readonly dryRun?: boolean;
  /** Validates again whenever a file changes. */
  readonly watch?: boolean;
  /** The path that standard input stands for. */
  readonly stdinFilename?: string;
}

/** Files that were looked at. */
export interface Looked {
  readonly checked: readonly { readonly subject: Subject; readonly checked: Checked }[];
  /** Why some could not be. */
  readonly refused: readonly Refusal[];
}

/** Checks each file; one that cannot be read keeps nobody from the others. */
export async function lookAll(
  place: Place,
  names: readonly string[],
  how: ValidateHow,
): Promise<Result<Looked & { readonly config: Config }, Refusal>> {
  const config = await loadConfig(place, process.env);
  if (!config.ok) return config;
  const files = await filesOf(place, names);
  if (!files.ok) return files;
  const checked: Looked['checked'][number][] = [];
  const refused: Refusal[] = [];
  for (const subject of files.value) {
    const text = subject.stdin ? await standardInput() : readText(subject.file);
    const path = subject.stdin ? (how.stdinFilename ?? '<stdin>') : shown(place, subject.file);
    if (!text.ok) refused.push({ message: `${path} ${text.error}` });
    else {
      const source = { path, text: text.value };
      checked.push({
        subject,
        checked: await checkSource(place, fileOf(place, subject, how), source, config.value),
      });
    }
  }
  return ok({ checked, refused, config: config.value });
}

function fileOf(place: Place, { file, stdin }: Subject, { stdinFilename }: ValidateHow): string {
  return stdin ? `${place.cwd}/${stdinFilename ?? 'stdin.yml'}` : file;
}

async function standardInput(): Promise<Result<string, string>> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return ok(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    return err(`cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

/** Checks the files once, and prints. Gives what was looked at besides, where anything was. */
export async function validateOnce(
  place: Place,
  names: readonly string[],
  how: ValidateHow,
): Promise<{ readonly code: ExitCode; readonly looked?: Looked }> {
  const looked = await lookAll(place, names, how);
  if (!looked.ok) return { code: await printRefusal(looked.error) };
  return { code: await printLooked(place, looked.value, how), looked: looked.value };
}

/** Prints what is wrong with files that were looked at. */
export async function printLooked(
  place: Place,
  { checked, refused }: Looked,
  how: ValidateHow,
  stream: NodeJS.WriteStream = process.stdout,
): Promise<ExitCode> {
  const sources = new Map(checked.flatMap(({ checked: one }) => [...one.sources]));
  const all = sorted(checked.flatMap(({ checked: one }) => one.diagnostics));
  const judged = how.strict === true ? all.map((d) => ({ ...d, severity: 'error' as const })) : all;
  const names = checked.map(({ checked: one }) => one.source.path);
  if (how.format === undefined || how.format === 'text') printText(judged, sources, names, stream);
  else {
    const { inFormat } = await import('./formats.ts');
    const unread = refused.map(({ message }) => message);
    stream.write(await inFormat(how.format, { place, diagnostics: judged, sources, read: names, unread }));
  }
  for (const refusal of refused) await sayRefusal(refusal);
  return hasErrors(judged) || refused.length > 0 ? EXIT.refused : EXIT.succeeded;
}

const MOST_NAMED = 5;

function printText(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  read: readonly string[],
  stream: NodeJS.WriteStream,
): void {
  const color = colorOn(stream, process.env);
  const options = { color, files: read.length, fixable: true };
  const said = printDiagnostics(diagnostics, sources, options);
  // Names and texts of files stand in it, and a log of GitHub is read for commands.
  if (said !== '')
    stream.write(process.env['GITHUB_ACTIONS'] === 'true' ? harmless(said, stream, process.env) : said);
  if (hasErrors(diagnostics) || read.length === 0) return;
  const named = read.length > MOST_NAMED ? `${read.length} files` : read.join(', ');
  stream.write(harmless(`${named}: valid\n`, stream, process.env));
}
