/** Merges the change of an attempt into the tree by hand. */
import { EXIT, type ExitCode } from '../model/exit.ts';
import { isUnmerged } from '../model/progress.ts';
import { err, ok, type Result } from '../model/result.ts';
import { changesText } from '../report/tree-changes.ts';
import { quoted } from '../report/words.ts';
import { attemptNamed, attemptWord, attemptWords, type NamedAttempt } from './attempt-name.ts';
import { filesText } from './collision.ts';
import { notRecorded } from './not-recorded.ts';
import { tell } from './present.ts';
import { harmless, orTrouble, printRefusal } from './print.ts';
import { type Refusal, refuse } from './refusal.ts';
import { tellWayBack } from './restore.ts';
import { type OwnedTree, type RunTree, withRunTree } from './tree-owner.ts';

/** What `codemachine apply` is asked for. */
export interface ApplyFlags {
  readonly run: string;
  /** `step` or `step.attempt`. */
  readonly step: string;
  /** Puts files that conflict in place with git's markers, instead of nothing. */
  readonly markers: boolean;
  readonly dryRun: boolean;
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
      return tree.own('apply', (visit) => apply(tree, change.value, flags, visit));
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
  const merged = await workspace.isolation.merge({ run, label: 'apply', base, ours, theirs });
  if (!merged.ok) return err(merged.error);
  const { tree, conflicts, files, ignored = [] } = merged.value;
  const fits = conflicts.length === 0;
  if (!fits && !flags.markers) {
    tell(collides(run, of, conflicts));
    return ok(EXIT.failed);
  }
  const changes = await workspace.trees.changes(ours, tree);
  if (!changes.ok) return err(changes.error);
  if (changes.value.length === 0) {
    tell(`nothing to do: the tree has the change of ${attemptWords(of)} already`);
    return ok(EXIT.succeeded);
  }
  if (ignored.length > 0)
    return refuse(
      `nothing was changed: ${ignored.length === 1 ? 'an ignored file of yours' : 'ignored files of yours'}, ${filesText(ignored)}, ${ignored.length === 1 ? 'is' : 'are'} in the way`,
      'move what is in the way elsewhere, then try again',
    );
  const list = (heading: string): void =>
    void process.stdout.write(
      harmless(`${heading}\n${changesText(changes.value)}`, process.stdout, process.env),
    );
  if (flags.dryRun) {
    list(`would apply the change of ${attemptWords(of)}:`);
    if (!fits) tell(`markers would stand in ${filesText(conflicts)}`);
    return ok(fits ? EXIT.succeeded : EXIT.failed);
  }
  await tellWayBack({ run, workspace }, ours);
  const restored = await workspace.restore(tree, ours);
  if (!restored.ok) return err(restored.error);
  await visit.say({
    ...{ type: 'change-applied', step: of.step.key, attempt: of.attempt, tree, files },
    ...(fits ? {} : { conflicts }),
  });
  list(`applied the change of ${attemptWords(of)}:`);
  if (!fits) tell(decideThere(run, of, conflicts));
  return ok(fits ? EXIT.succeeded : EXIT.failed);
}

/** Only a change that the run itself did not get merged is something to go on with. */
function decideThere(run: string, { step, attempt }: NamedAttempt, conflicts: readonly string[]): string {
  const there = `both sides stand between markers in ${filesText(conflicts)}: decide there`;
  if (!isUnmerged(step) || attempt !== step.attempt) return there;
  return `${there}, then \`codemachine resume ${run} --resolved ${quoted(step.key)}\` goes on with that`;
}

function collides(run: string, of: NamedAttempt, conflicts: readonly string[]): string {
  return [
    `nothing was changed: the change of ${attemptWords(of)} collides with the tree in ${filesText(conflicts)}`,
    `  \`codemachine apply ${run} ${attemptWord(of)} --markers\` puts both sides into those files, to be decided there`,
  ].join('\n');
}
