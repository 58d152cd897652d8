/** Gathers what there is to be judged: the instances of a matrix that ended well. */
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import type { StepProgress } from '../model/progress.ts';
import type { JsonObject, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Running } from './running.ts';

/** An instance that ended well. */
export interface Candidate {
  readonly key: StepKey;
  /** The recordings around its newest attempt, where it was recorded. */
  readonly change?: { readonly from: string; readonly to: string };
  readonly endedAt: string;
}

/** What of a candidate is shown to a judge; nothing in it says who made it. */
export interface Exhibit {
  readonly key: StepKey;
  readonly text?: string;
  /** An agent's answer, or the outputs of a command; as JSON. */
  readonly output?: string;
  /** Absent where it is not recorded what it changed. */
  readonly files?: readonly string[];
  readonly diff?: string;
}

/** How much of a candidate is shown, in characters; all of them together share the room for changes. */
const LONGEST_TEXT = 20_000;
const ALL_CHANGES = 400_000;
const LONGEST_CHANGE = 100_000;
const MOST_FILES = 200;

/** The candidates, in the order of the matrix. One whose change is recorded with another run has none here. */
export function candidatesOf({ ledger }: Running, from: StepKey): readonly Candidate[] {
  return (ledger.step(from).instances ?? []).flatMap(({ key }): readonly Candidate[] => {
    const step = ledger.step(key);
    if (step.status !== 'succeeded') return [];
    const { before, after } = step.trees[step.attempt] ?? {};
    const recorded = before !== undefined && after !== undefined;
    const change = recorded ? { change: { from: before, to: after } } : {};
    return [{ key, ...change, endedAt: step.endedAt ?? '' }];
  });
}

/** Reads what of the candidates is shown. */
export async function exhibitsOf(
  run: Running,
  candidates: readonly Candidate[],
  blind: boolean,
): Promise<Result<readonly Exhibit[], Failure>> {
  const room = Math.min(LONGEST_CHANGE, Math.floor(ALL_CHANGES / Math.max(1, candidates.length)));
  const shown: Exhibit[] = [];
  for (const { key, change } of candidates) {
    const step = run.ledger.step(key);
    const clean = cleaner(run, step, blind);
    const { text, stdout, output, outputs } = step.values;
    const said = text ?? stdout;
    const made = output ?? outputs;
    const changed = change === undefined ? ok<Changed>({}) : await changeOf(run, change);
    if (!changed.ok) return changed;
    const { files, diff } = changed.value;
    shown.push({
      key,
      ...(said === undefined || said === '' ? {} : { text: cut(clean(said), LONGEST_TEXT, 'text') }),
      ...(made === undefined || isEmpty(made as JsonObject)
        ? {}
        : { output: cut(clean(JSON.stringify(made, null, 2)), LONGEST_TEXT, 'output') }),
      ...(files === undefined ? {} : { files: files.slice(0, MOST_FILES) }),
      ...(diff === undefined ? {} : { diff: cut(clean(diff), room, 'diff') }),
    });
  }
  return ok(shown);
}

type Changed = Pick<Exhibit, 'files' | 'diff'>;

async function changeOf(
  run: Running,
  { from, to }: NonNullable<Candidate['change']>,
): Promise<Result<Changed, Failure>> {
  const { workspace } = run.input.ports;
  if (workspace === undefined) return ok({});
  const files = await workspace.changed(from, to);
  if (!files.ok) return err(files.error);
  if (files.value.length === 0) return ok({ files: [] });
  const diff = await workspace.diff?.(from, to);
  if (diff?.ok === false) return diff;
  return ok({ files: files.value, ...(diff === undefined ? {} : { diff: withoutIds(diff.value) }) });
}

/** Ids of objects say nothing, and how long they are written depends on the repository. */
function withoutIds(diff: string): string {
  return diff.replace(/^index [0-9a-f]+\.\.[0-9a-f]+( \d+)?\n/gm, '');
}

/**
 * Takes out what says which instance it was, and what is another word in each run: else a recorded verdict would be about another
 * text. An agent tells of files by the path of its worktree, whose directory is named after its key.
 */
function cleaner(
  { input }: Running,
  { key, trees, session }: StepProgress,
  blind: boolean,
): (text: string) => string {
  const { attemptDirectory } = input.ports;
  const directories = Object.keys(trees).flatMap((attempt) => attemptDirectory?.(key, Number(attempt)) ?? []);
  return (text) => {
    let clean = text;
    for (const directory of directories) clean = withoutPlace(clean, directory);
    clean = clean.replaceAll(input.run, '<run>');
    if (session !== undefined && session !== '') clean = clean.replaceAll(session, '<session>');
    return blind ? clean.replaceAll(key, '<candidate>') : clean;
  };
}

/** The longest path that Linux takes. */
const LONGEST_PATH = 4_096;

/** Every path up to the directory becomes `./`. By hand: a pattern would look at each letter of a long line again and again. */
function withoutPlace(text: string, directory: string): string {
  let clean = '';
  let done = 0;
  for (let at = text.indexOf(directory); at !== -1; at = text.indexOf(directory, at + 1)) {
    let end = at + directory.length;
    if (at < done || /[\w-]/.test(text[end] ?? '')) continue;
    let begin = at;
    while (begin > done && at - begin < LONGEST_PATH && !/[\s"'`<>()]/.test(text[begin - 1] ?? ' ')) begin--;
    if (text[end] === '/') end++;
    clean += `${text.slice(done, begin)}./`;
    done = end;
  }
  return clean + text.slice(done);
}

/** Cuts at a line where there is one near, with a sentence that says so. */
function cut(text: string, most: number, what: string): string {
  if (text.length <= most) return text;
  const head = text.slice(0, most);
  const line = head.lastIndexOf('\n');
  const kept = line > most / 2 ? head.slice(0, line) : head;
  return `${kept}\n[The ${what} goes on for ${text.length - kept.length} more characters, which are not shown.]`;
}

function isEmpty(value: JsonObject): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
