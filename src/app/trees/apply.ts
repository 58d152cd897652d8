/** Merges the change of an attempt into the tree by hand. */
import { type Clash, clashLine, clashNames, type Side, unmarkedOf } from '../../model/clash.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import type { Merged } from '../../model/ports.ts';
import { isUnmerged } from '../../model/progress.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { ChangedFile } from '../../report/tree-changes.ts';
import { quoted } from '../../report/words.ts';
import { orTrouble, printRefusal } from '../print.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { tell } from '../runs/present.ts';
import { attemptNamed, attemptWord, attemptWords, type NamedAttempt } from './attempt-name.ts';
import { filesText, markersWords } from './collision.ts';
import { notRecorded } from './not-recorded.ts';
import { type OwnedTree, type RunTree, withRunTree } from './owner.ts';
import { tellWayBack } from './restore.ts';
import { listChanges, tellChanges } from './show-changes.ts';
import { takeSide } from './take.ts';
import { undecidedText } from './undecided.ts';

/** What `codemachine apply` is asked for. */
export interface ApplyFlags {
  readonly run: string;
  /** `step` or `step.attempt`. */
  readonly step: string;
  /** Puts files that conflict in place with git's markers, instead of nothing. */
  readonly markers: boolean;
  /** Takes one side of the files that `paths` names, and brings in nothing else. */
  readonly take: Side | undefined;
  /** From the current directory, literal. */
  readonly paths: readonly string[];
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly stateDir?: string | undefined;
}

/** `codemachine apply`: exit code 1 where it does not fit. */
export function applyCommand(flags: ApplyFlags): Promise<ExitCode> {
  return orTrouble(async () => {
    const done = await withRunTree(flags, async (tree) => {
      const found = attemptNamed(tree.progress, tree.run, flags.step);
      if (!found.ok) return found;
      const change = changeOf(tree, found.value);
      if (!change.ok) return change;
      const { take: side, paths, dryRun, json } = flags;
      if (side === undefined && paths.length > 0)
        return refuse(
          'a change is merged whole',
          '`--take shared` or `--take step` takes a side of some files',
        );
      return tree.own('apply', (visit) =>
        side === undefined
          ? apply(tree, change.value, flags, visit)
          : takeSide(tree, { ...change.value, side, paths, dryRun, json }, visit),
      );
    });
    return done.ok ? done.value : printRefusal(done.error);
  });
}

/** What an attempt made, from where it started to where it ended. */
interface AttemptChange {
  readonly of: NamedAttempt;
  readonly base: string;
  readonly theirs: string;
}

function changeOf(tree: RunTree, of: NamedAttempt): Result<AttemptChange, Refusal> {
  const { before: base, after: theirs } = of.trees ?? {};
  if (base === undefined) return notRecorded(tree, of, 'apply');
  if (theirs !== undefined) return ok({ of, base, theirs });
  return refuse(
    `${attemptWords(of)} of run ${tree.run} was cut off, and what it made is not recorded yet`,
    `\`codemachine diff ${tree.run} ${attemptWord(of)}\` looks at it, \`codemachine resume ${tree.run}\` records it`,
  );
}

async function apply(
  { run, workspace }: RunTree,
  { of, base, theirs }: AttemptChange,
  flags: ApplyFlags,
  visit: OwnedTree,
): Promise<Result<ExitCode, Refusal>> {
  const found = await workspace.record(run, 'apply.found');
  if (!found.ok) return err(found.error);
  const ours = found.value.tree;
  const all = await workspace.isolation.merge({ run, label: 'apply', base, ours, theirs });
  if (!all.ok) return err(all.error);
  const merged = await withoutTaken({ run, workspace }, of, ours, all.value);
  if (!merged.ok) return merged;
  const { tree, conflicts, clashes = [], files, ignored = [] } = merged.value;
  const fits = conflicts.length === 0;
  const show = { ...flags, of: { run, step: of.step.key, attempt: of.attempt, from: ours } };
  const told = (applied: boolean, list: readonly ChangedFile[]): Result<ExitCode, Refusal> => {
    tellChanges(show, list, { applied, ...(fits ? {} : { conflicts, clashes }) });
    return ok(fits ? EXIT.succeeded : EXIT.failed);
  };
  if (!fits && !flags.markers) {
    tell(collides(run, of, conflicts, clashes));
    return told(false, []);
  }
  const changes = await workspace.trees.changes(ours, tree);
  if (!changes.ok) return err(changes.error);
  if (changes.value.length === 0 && !fits) {
    tell(`the rest of the change of ${attemptWords(of)} is in the tree already`);
    tell(decideThere({ run, workspace }, of, conflicts, clashes));
    return told(false, []);
  }
  if (changes.value.length === 0) {
    tell(`nothing to do: the tree has the change of ${attemptWords(of)} already`);
    return told(false, []);
  }
  if (ignored.length > 0) return inTheWay(ignored);
  if (flags.dryRun) {
    listChanges(flags, `would apply the change of ${attemptWords(of)}:`, changes.value);
    if (!fits) tell(wouldStand(conflicts, clashes));
    return told(false, changes.value);
  }
  await tellWayBack({ run, workspace }, ours);
  const restored = await workspace.restore(tree, ours);
  if (!restored.ok) return err(restored.error);
  await visit.say({
    ...{ type: 'change-applied', step: of.step.key, attempt: of.attempt, tree, files },
    ...(fits ? {} : { conflicts }),
  });
  listChanges(flags, `applied the change of ${attemptWords(of)}:`, changes.value);
  if (!fits) tell(decideThere({ run, workspace }, of, conflicts, clashes));
  return told(true, changes.value);
}

function inTheWay(ignored: readonly string[]): Result<never, Refusal> {
  return refuse(
    `nothing was changed: ${ignored.length === 1 ? 'an ignored file of yours' : 'ignored files of yours'}, ${filesText(ignored)}, ${ignored.length === 1 ? 'is' : 'are'} in the way`,
    'move what is in the way elsewhere, then try again',
  );
}

/** A side that was chosen stays chosen, whatever the merge would put there. */
async function withoutTaken(
  { run, workspace }: Pick<RunTree, 'run' | 'workspace'>,
  { trees }: NamedAttempt,
  ours: string,
  merged: Merged,
): Promise<Result<Merged, Refusal>> {
  const taken = new Set(trees?.taken);
  const { clashes = [], conflicts } = merged;
  const isTaken = (clash: Clash): boolean => clashNames(clash).some((path) => taken.has(path));
  const done = clashes.filter(isTaken);
  if (done.length === 0) return ok(merged);
  const paths = done.flatMap((clash) => [...clashNames(clash), ...clash.paths]);
  const tree = await workspace.trees.pick({ run, label: 'apply', from: merged.tree, to: ours, paths });
  if (!tree.ok) return err(tree.error);
  const files = await workspace.changed(ours, tree.value);
  if (!files.ok) return err(files.error);
  const rest = {
    clashes: clashes.filter((one) => !isTaken(one)),
    conflicts: conflicts.filter((path) => !paths.includes(path)),
  };
  return ok({ ...merged, tree: tree.value, files: files.value, ...rest });
}

/** The files that hold both sides. */
function markedFiles(conflicts: readonly string[], clashes: readonly Clash[]): readonly string[] {
  const bare = new Set(
    unmarkedOf(clashes).flatMap(({ paths, at }) => [...paths, ...at.map(({ path }) => path)]),
  );
  return conflicts.filter((path) => !bare.has(path));
}

function wouldStand(conflicts: readonly string[], clashes: readonly Clash[]): string {
  const marked = markedFiles(conflicts, clashes);
  return [
    ...(marked.length === 0 ? [] : [`markers would stand in ${filesText(marked)}`]),
    ...(unmarkedOf(clashes).length === 0 ? [] : ['without markers would be:']),
    ...unmarkedOf(clashes).map((clash) => `  ${clashLine(clash)}`),
  ].join('\n');
}

/** Only a change that the run itself did not get merged is something to go on with. */
function decideThere(
  { run, workspace }: Pick<RunTree, 'run' | 'workspace'>,
  { step, attempt, trees }: NamedAttempt,
  conflicts: readonly string[],
  clashes: readonly Clash[],
): string {
  const marked = markedFiles(conflicts, clashes);
  const bare = unmarkedOf(clashes);
  const of = { step, attempt, trees };
  const goesOn = isUnmerged(step) && attempt === step.attempt;
  const goOn = `\`codemachine resume ${run} --resolved ${quoted(step.key)}\` goes on with that`;
  const there =
    marked.length === 0 ? [] : [`both sides stand between markers in ${filesText(marked)}: decide there`];
  if (bare.length === 0) return goesOn ? `${there.join('')}, then ${goOn}` : there.join('');
  return [
    ...there,
    'without markers, since they cannot hold both sides:',
    undecidedText({ run, root: workspace.root }, attemptWord(of), bare),
    ...(goesOn ? [`decide there too, then ${goOn}`] : []),
  ].join('\n');
}

function collides(
  run: string,
  of: NamedAttempt,
  conflicts: readonly string[],
  clashes: readonly Clash[],
): string {
  return [
    `nothing was changed: the change of ${attemptWords(of)} collides with the tree in ${filesText(conflicts)}`,
    ...unmarkedOf(clashes).map((clash) => `  ${clashLine(clash)}`),
    `  \`codemachine apply ${run} ${quoted(attemptWord(of))} --markers\` ${markersWords(clashes)}`,
  ].join('\n');
}
