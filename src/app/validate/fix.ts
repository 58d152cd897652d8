/** Mends workflow files where only one thing can have been meant. */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Config } from '../../model/config.ts';
import type { Diagnostic, Fix } from '../../model/diagnostic.ts';
import type { ExitCode } from '../../model/exit.ts';
import { unifiedDiff } from '../../report/unified.ts';
import { applyFixes } from '../../workflow/fixes-apply.ts';
import { type Checked, checkSource } from '../check.ts';
import type { Place } from '../place.ts';
import { harmless, printRefusal } from '../print.ts';
import type { Refusal } from '../refusal.ts';
import { lookAll, printLooked, type ValidateHow } from './look.ts';

const MOST_ROUNDS = 5;

/** A round of fixes that made things worse is tried one by one, this many at most. */
const MOST_TRIES = 200;

/** What became of a file. */
interface Mended {
  readonly checked: Checked;
  /** How many complaints are gone by fixes. */
  readonly count: number;
}

/** Mends the files, then prints what is left; the exit code is about that. */
export async function fixFiles(place: Place, names: readonly string[], how: ValidateHow): Promise<ExitCode> {
  const looked = await lookAll(place, names, how);
  if (!looked.ok) return printRefusal(looked.error);
  const refused: Refusal[] = [...looked.value.refused];
  const after: (typeof looked.value.checked)[number][] = [];
  const counts: number[] = [];
  let diff = '';
  for (const { subject, checked } of looked.value.checked) {
    const mended = await mend(place, subject.file, checked, looked.value.config);
    const [old, fresh] = [checked.source.text, mended.checked.source.text];
    const problem = old === fresh || how.dryRun === true ? undefined : replace(subject.file, old, fresh);
    if (problem !== undefined) refused.push({ message: `${checked.source.path} ${problem}` });
    else if (old !== fresh) {
      counts.push(mended.count);
      diff += unifiedDiff(checked.source.path, old, fresh);
    }
    after.push({ subject, checked: problem === undefined ? mended.checked : checked });
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (how.dryRun === true) process.stdout.write(harmless(diff, process.stdout, process.env));
  // What is left is for people as long as the diff, or the format, is for programs.
  const people = how.dryRun === true || (how.format ?? 'text') !== 'text' ? process.stderr : process.stdout;
  const verb = how.dryRun === true ? 'would mend' : 'mended';
  const words = `${verb} ${total} problem${total === 1 ? '' : 's'} in ${counts.length} file${counts.length === 1 ? '' : 's'}\n`;
  people.write(total === 0 ? 'nothing to mend\n' : words);
  return printLooked(
    place,
    { checked: after, refused },
    how,
    how.dryRun === true ? process.stderr : process.stdout,
  );
}

type Look = (text: string) => Promise<Checked>;

/** The file as fixes make it, never with more errors than before. What a fix brings to light may be mended by the next. */
async function mend(place: Place, file: string, first: Checked, config: Config): Promise<Mended> {
  const look = (text: string) => checkSource(place, file, { path: first.source.path, text }, config);
  const all = await inRounds(first, look, false);
  return errorsOf(all.checked) <= errorsOf(first) ? all : inRounds(first, look, true);
}

async function inRounds(first: Checked, look: Look, careful: boolean): Promise<Mended> {
  let checked = first;
  let count = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const fixable = fixesOf(checked);
    if (fixable.length === 0) break;
    const fixes = fixable.map(({ fix }) => fix);
    const { text, taken } = applyFixes(checked.source.text, fixes);
    const next = await look(text);
    const worse = careful && errorsOf(next) > errorsOf(checked);
    const step = worse
      ? await oneByOne(checked, look)
      : { checked: next, count: fixes.filter((fix) => taken.has(fix)).length };
    if (step.checked.source.text === checked.source.text) break;
    checked = step.checked;
    count += step.count;
  }
  return { checked, count };
}

async function oneByOne(first: Checked, look: Look): Promise<Mended> {
  let checked = first;
  let count = 0;
  const refused = new Set<string>();
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const next = fixesOf(checked).find(({ d }) => !refused.has(`${d.code} ${d.message}`));
    if (next === undefined) break;
    const tried = await look(applyFixes(checked.source.text, [next.fix]).text);
    if (errorsOf(tried) > errorsOf(checked)) refused.add(`${next.d.code} ${next.d.message}`);
    else {
      checked = tried;
      count++;
    }
  }
  return { checked, count };
}

function fixesOf({ diagnostics, source }: Checked): readonly { readonly d: Diagnostic; readonly fix: Fix }[] {
  return diagnostics.flatMap((d) =>
    d.fix === undefined || d.path !== source.path ? [] : [{ d, fix: d.fix }],
  );
}

function errorsOf({ diagnostics }: Checked): number {
  return diagnostics.filter(({ severity }) => severity === 'error').length;
}

/** Puts a text in place of another one, all of it or nothing; the end of a sentence where that cannot be. */
function replace(file: string, old: string, fresh: string): string | undefined {
  let temporary: string | undefined;
  try {
    // A link stays one.
    const real = realpathSync(file);
    accessSync(real, constants.W_OK);
    const { mode, uid, gid } = statSync(real);
    temporary = path.join(path.dirname(real), `.${path.basename(real)}.${process.pid}.tmp`);
    const handle = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(handle, fresh);
      if (process.getuid?.() === 0) fchownSync(handle, uid, gid);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    chmodSync(temporary, mode & 0o7777);
    // Bytes that are no UTF-8 would be lost, and so would what somebody has written since.
    if (!readFileSync(real).equals(Buffer.from(old, 'utf8'))) {
      rmSync(temporary);
      return 'was not mended: it has changed meanwhile, or is not UTF-8';
    }
    renameSync(temporary, real);
    return undefined;
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    return `was not mended: it cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
}
