/** Has a conflict resolved by the agent that the step names for it. */
import { type Clash, clashLine, clashPlaces, elsewhere, type Lent, unmarkedOf } from '../model/clash.ts';
import type { Failure } from '../model/failure.ts';
import { fileName, fileNames } from '../model/file-name.ts';
import { asStepId, conflictKey } from '../model/ids.ts';
import { ownSteps, partsOf } from '../model/parts.ts';
import type { StepProgress } from '../model/progress.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Isolated, PromptStep, Step } from '../model/workflow.ts';
import type { AttemptOf } from './attempt.ts';
import { executions } from './executions.ts';
import type { InWorktree } from './isolated.ts';
import type { Change, Proposed } from './merging.ts';
import { perform } from './perform.ts';
import type { Running } from './running.ts';

/** What came of it. `tree` is a recording of the shared tree with the conflict resolved. */
export type Resolution =
  | { readonly kind: 'made'; readonly tree: string }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'halted' };

/**
 * Lets the agent work on the tree with the markers, in a worktree, as a step of its own: with retries, a place and a bill.
 * Its result counts when it leaves no markers, and every check succeeds on it.
 */
export async function resolveConflict(
  of: AttemptOf,
  { remaining, index, scope, aside }: Change,
  conflict: Proposed,
): Promise<Resolution> {
  const { run, phase, step } = of;
  const { isolated } = step;
  if (isolated?.onConflict === undefined) throw new Error(`${of.key} has nobody for its conflicts`);
  const key = conflictKey(of.key);
  const made = run.ledger.step(key);
  if (isOfThisChange(made, run.ledger.step(of.key))) {
    const tree = await resolvedTree(of, made, conflict);
    if (tree.ok) return { kind: 'made', tree: tree.value };
  }
  const resolver = resolverOf(of, isolated, isolated.onConflict.agent, conflict);
  const verify = verifier(of, isolated.onConflict.checks, conflict);
  const rank = { remaining, index };
  const lent = unmarkedOf(conflict.clashes).flatMap(elsewhere);
  const asked = {
    ...{ admit: () => true, over: () => undefined, scope, from: conflict.tree, verify, lent },
    ...(aside === undefined ? {} : { aside }),
  };
  await perform(run, phase, { ...rank, ...asked, step: resolver, key });
  const after = run.ledger.step(key);
  if (after.status === 'succeeded') {
    const tree = await resolvedTree(of, after, conflict);
    return tree.ok ? { kind: 'made', tree: tree.value } : { kind: 'refused', why: tree.error };
  }
  // Its agent may spend no more: the change stays ready, and is merged when the run goes on with more.
  if (after.status !== 'failed' && run.budgets.holds(resolver, key)) phase.rest('budget');
  const halted = phase.halted();
  if (halted === 'cancel' && after.status === 'waiting')
    void run.ledger.say({ type: 'step-canceled', step: key, because: 'the run was canceled' });
  if (halted !== undefined || phase.restsFor() === 'budget') return { kind: 'halted' };
  return { kind: 'refused', why: after.failure?.message ?? 'nobody worked on it' };
}

/** A runner that died between the resolution and the merge leaves one that is good still: succeeded work is not made again. */
function isOfThisChange(made: StepProgress, outer: StepProgress): boolean {
  return made.status === 'succeeded' && (made.endedAt ?? '') >= (outer.endedAt ?? '');
}

function resolverOf(
  of: AttemptOf,
  { copy, link, setup }: Isolated,
  agent: PromptStep,
  conflict: Proposed,
): PromptStep {
  const { if: _, ...rest } = agent;
  return {
    ...rest,
    id: asStepId(conflictKey(of.key)),
    needs: [],
    continueOnError: false,
    prompt: { parts: [promptFor(of, conflict)], whole: false, at: agent.at },
    isolated: { copy, link, ...(setup === undefined ? {} : { setup }), merge: 'never' },
  };
}

function verifier(
  { run }: AttemptOf,
  checks: readonly string[],
  { conflicts, clashes }: Proposed,
): NonNullable<InWorktree['verify']> {
  return async (check, made, { text = '' }): Promise<Failure | undefined> => {
    const left = await run.input.ports.isolation?.unresolved?.(made.tree, conflicts);
    if (left === undefined) return { reason: 'config', message: 'nobody can tell whether markers are left' };
    if (!left.ok) return left.error;
    if (left.value.length > 0) return { reason: 'merge-conflict', message: markersIn(left.value) };
    const open = undecided(unmarkedOf(clashes), made.files, text);
    if (open !== undefined) return { reason: 'merge-conflict', message: asLeft(open) };
    for (const script of checks) {
      const outcome = await check(script);
      if (outcome.ok) continue;
      const { failure } = outcome;
      if (failure.reason === 'interrupted') return failure;
      return { ...failure, reason: 'checks', message: `the check \`${script}\` failed: ${failure.message}` };
    }
    return undefined;
  };
}

const MOST_FILES = 5;

/** A conflict without markers that was not touched, and of which nothing was said either. */
function undecided(
  unmarked: readonly Clash[],
  changed: readonly string[],
  said: string,
): readonly string[] | undefined {
  const decided = new Set([...changed, ...keptIn(said)]);
  return unmarked.find(({ paths }) => !paths.some((path) => decided.has(path)))?.paths;
}

/** The files of which the agent said that they are to stay: `keep <path>` on a line of its own. */
function keptIn(said: string): readonly string[] {
  return said.split('\n').flatMap((line) => {
    const [, path] = /^[-*\s]*keep\s+(.+?)\s*$/.exec(line.replaceAll('`', '')) ?? [];
    return path === undefined ? [] : [path];
  });
}

function asLeft(paths: readonly string[]): string {
  return paths.length === 1
    ? `${fileNames(paths, MOST_FILES)} is as the merge left it`
    : `${fileNames(paths, MOST_FILES)} are as the merge left them`;
}

function markersIn(files: readonly string[]): string {
  return `conflict markers are left in ${fileNames(files, MOST_FILES)}`;
}

/** What the agent did, without what preparing its worktree did, on the tree that it was to resolve. */
async function resolvedTree(
  { run, key, attempt }: AttemptOf,
  made: StepProgress,
  { tree, conflicts }: Proposed,
): Promise<Result<string, string>> {
  const { isolation } = run.input.ports;
  const { before: base, after: theirs } = made.trees[made.attempt] ?? {};
  if (isolation === undefined || base === undefined || theirs === undefined)
    return err('the recordings of the resolution are not known');
  const label = `${key}.${attempt}.resolved`;
  const merged = await isolation.merge({ run: run.input.run, label, base, ours: tree, theirs });
  if (!merged.ok) return err(merged.error.message);
  if (merged.value.conflicts.length > 0) return err('it changed what its own `setup` had made');
  const left = await isolation.unresolved?.(merged.value.tree, conflicts);
  if (left?.ok !== true || left.value.length > 0) return err(markersIn(conflicts));
  return ok(merged.value.tree);
}

/** Of a purpose, the beginning says it. */
const LONGEST_PURPOSE = 2_000;

function promptFor(of: AttemptOf, { conflicts, clashes }: Proposed): string {
  const { run, step, key: own } = of;
  const merged = executions(run)
    .filter(({ key }) => {
      const { trees, attempt } = run.ledger.step(key);
      return key !== own && trees[attempt]?.merge?.done === true;
    })
    .map((execution) => execution.step);
  const others =
    merged.length === 0
      ? ['- What is there now was changed by other steps or by a person since.']
      : merged.map((other) => `- ${purposeOf(run, other)}`);
  return [
    'Two changes to this repository were made side by side, and merging them left conflicts.',
    'Resolve them, so that both purposes are served. Files with conflicts:',
    '',
    ...conflicts.map((file) => `- ${file}`),
    '',
    'In them, the part between `<<<<<<<` and `=======` is what is in the tree already:',
    '',
    ...others,
    '',
    'The part between `=======` and `>>>>>>>` is the change to be brought in:',
    '',
    `- ${purposeOf(run, step)}`,
    '',
    ...unmarkedWords(unmarkedOf(clashes)),
    'Leave no conflict marker behind. Change nothing that the conflicts do not ask for.',
  ].join('\n');
}

function unmarkedWords(unmarked: readonly Clash[]): readonly string[] {
  if (unmarked.length === 0) return [];
  const told = unmarked.flatMap((clash) => [
    `- ${clashLine(clash)}`,
    ...clashPlaces(clash).map((place) => `  - ${place}`),
    ...elsewhere(clash).map(lentWords),
  ]);
  return [
    'Of these there are no markers (the shared tree is what is in the tree already, the step made the change to be brought in):',
    '',
    ...told,
    '',
    'Decide what each is to be, and change it. One that is to stay exactly as it is now is named in your last message,',
    'on a line of its own: `keep <path>`.',
    '',
  ];
}

/** It is taken away before what the agent made is recorded. */
function lentWords({ path, side, of }: Lent): string {
  const whose = side === 'step' ? "the step's" : "the shared tree's";
  return `  - ${whose} version of ${fileName(of)} is in ${fileName(path)} for you to look at or to copy; that file goes when you are done`;
}

function purposeOf(run: Running, step: Step): string {
  if (step.kind === 'reduce') {
    const file = partsOf(run.input.workflow).find((part) => ownSteps(part).includes(step));
    const from = file === undefined ? undefined : ownSteps(file).find(({ id }) => id === step.from);
    if (from === undefined) throw new Error(`\`${step.id}\` chooses among nobody`);
    return purposeOf(run, from);
  }
  if (step.kind !== 'prompt' && step.kind !== 'run') throw new Error(`\`${step.id}\` has no change to merge`);
  const { parts } = step.kind === 'prompt' ? step.prompt : step.script;
  const written = parts.map((part) => (typeof part === 'string' ? part : `\${{ ${part.text} }}`)).join('');
  const name = step.name === undefined ? `\`${step.id}\`` : `\`${step.id}\` (${step.name})`;
  return `${name}: ${written.trim().slice(0, LONGEST_PURPOSE).replaceAll('\n', '\n  ')}`;
}
