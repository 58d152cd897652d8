/** Shows which files a command has put in place, or would. */
import { type ChangedFile, changesText } from '../../report/tree-changes.ts';
import { harmless } from '../print.ts';
import { answer } from '../programs.ts';

/** A list for people, or what programs are told besides the files. */
export interface ShowChanges {
  readonly json: boolean;
  readonly dryRun: boolean;
  /** The run and what of it; with the keys that programs are told. */
  readonly of: Readonly<Record<string, unknown>>;
}

/** Lists the files for people, under a heading. Programs are told at the end, by `tellChanges`. */
export function listChanges(
  { json }: Pick<ShowChanges, 'json'>,
  heading: string,
  changes: readonly ChangedFile[],
): void {
  if (!json)
    process.stdout.write(harmless(`${heading}\n${changesText(changes)}`, process.stdout, process.env));
}

/** Tells programs what has become of the files, once nothing can go wrong any more. */
export function tellChanges(
  { json, dryRun, of }: ShowChanges,
  changes: readonly ChangedFile[],
  more: Readonly<Record<string, unknown>> = {},
): void {
  if (json) answer({ ...of, 'dry-run': dryRun, files: changes, ...more });
}
