/** Shows what a run, or one attempt of it, changed in the tree. */
import { EXIT, type ExitCode } from '../model/exit.ts';
import { foldAll } from '../model/fold.ts';
import { asStepKey, type RunId } from '../model/ids.ts';
import type { Progress } from '../model/progress.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { GitWorkspace } from '../workspace/workspace.ts';
import { openPlaceWorkspace } from './git.ts';
import { openRun } from './open.ts';
import { locate, stateAt } from './place.ts';
import { harmless, isObeyed, orTrouble, printRefusal } from './print.ts';
import { type Refusal, refuse } from './refusal.ts';

/** What `codemachine diff` is asked for. */
export interface DiffFlags {
  readonly run: string;
  /** `step` or `step.attempt`. */
  readonly step: string | undefined;
  readonly stat: boolean;
  readonly json: boolean;
  readonly stateDir?: string | undefined;
}

interface Pair {
  readonly from: string;
  /** Undefined where an attempt was cut off before its end was recorded: the tree as it is now stands for that. */
  readonly to: string | undefined;
}

/** `codemachine diff` */
export function diffCommand(flags: DiffFlags): Promise<ExitCode> {
  return orTrouble(() => showDiff(flags));
}

async function showDiff(flags: DiffFlags): Promise<ExitCode> {
  const found = await openRun(locate(stateAt(flags.stateDir), process.env), flags.run);
  if (!found.ok) return printRefusal(found.error);
  const { state, run } = found.value;
  const record = state.runRecord(run);
  const progress = foldAll(state.history(run));
  const owned = state.listRuns().some((one) => one.id === run && one.owner !== undefined);
  const stateDir = state.directory;
  state.close();
  const pair = flags.step === undefined ? wholeRun(progress, run) : ofStep(progress, run, flags.step);
  if (!pair.ok) return printRefusal(pair.error);
  const place = { ...locate({ cwd: record?.workspace ?? process.cwd() }, process.env), stateDir };
  const workspace = await openPlaceWorkspace(place, process.env);
  if (!workspace.ok) return printRefusal(workspace.error);
  if (workspace.value === undefined)
    return printRefusal({ message: `${place.root} is not in a git repository any more` });
  const { from } = pair.value;
  if (pair.value.to === undefined && owned) return printRefusal(stillWorking(run));
  const end = pair.value.to === undefined ? await now(workspace.value, run, from) : ok(pair.value.to);
  if (!end.ok) return printRefusal(end.error);
  return printDiff(workspace.value, run, { from, to: end.value }, flags);
}

/** Records the tree as it is, as a resume would before it puts anything back. */
async function now(workspace: GitWorkspace, run: RunId, since: string): Promise<Result<string, Refusal>> {
  const recorded = await workspace.record(run, 'diff', since);
  return recorded.ok ? ok(recorded.value.tree) : err(recorded.error);
}

async function printDiff(
  workspace: GitWorkspace,
  run: RunId,
  { from, to }: { readonly from: string; readonly to: string },
  flags: DiffFlags,
): Promise<ExitCode> {
  if (flags.json) {
    const files = await workspace.changed(from, to);
    if (!files.ok) return printRefusal(files.error);
    process.stdout.write(`${JSON.stringify({ run, from, to, files: files.value })}\n`);
    return EXIT.succeeded;
  }
  if (!flags.stat && !isObeyed(process.stdout, process.env)) {
    // A patch for `git apply`: bytes, since a file need not be UTF-8, and with binary files whole.
    const patch = await workspace.patch(from, to);
    if (!patch.ok) return printRefusal(patch.error);
    process.stdout.write(patch.value);
    return EXIT.succeeded;
  }
  const text = await workspace.diff(from, to, { stat: flags.stat });
  if (!text.ok) return printRefusal(text.error);
  process.stdout.write(harmless(text.value, process.stdout, process.env));
  return EXIT.succeeded;
}

/** From the first recording of the run to the last. */
function wholeRun(progress: Progress, run: RunId): Result<Pair, Refusal> {
  const trees = [...progress.steps.values()]
    .flatMap((step) => Object.values(step.trees).map((one) => ({ ...one, at: step.startedAt ?? '' })))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const from = trees[0]?.before;
  const last = trees.at(-1);
  if (from === undefined) return err(nothing(run));
  return ok({ from, to: last?.undone === true ? last.before : last?.after });
}

function ofStep(progress: Progress, run: RunId, named: string): Result<Pair, Refusal> {
  const [, before, number] = /^(.*)\.(\d+)$/.exec(named) ?? [];
  const step = progress.steps.get(asStepKey(named)) ?? progress.steps.get(asStepKey(before ?? ''));
  if (step === undefined) {
    const known = [...progress.steps.values()].filter((one) => Object.keys(one.trees).length > 0);
    const names = known.map((one) => one.key).join(', ');
    return refuse(
      `run ${run} has no step ${named}`,
      names === '' ? nothing(run).message : `recorded are: ${names}`,
    );
  }
  const attempt = progress.steps.has(asStepKey(named)) ? step.attempt : Number(number);
  const trees = step.trees[attempt];
  if (trees?.before === undefined) {
    return refuse(
      `attempt ${attempt} of ${step.key} was not recorded`,
      'only agents with `access: write` or `full` are recorded, unless they say `undo: never`',
    );
  }
  return ok({ from: trees.before, to: trees.after });
}

function stillWorking(run: RunId): Refusal {
  return {
    message: `run ${run} goes on, and the end of that attempt is not recorded yet`,
    help: `\`codemachine status ${run} --watch\` shows when it is; \`git diff\` shows the tree as it is`,
  };
}

function nothing(run: RunId): Refusal {
  return {
    message: `nothing was recorded in run ${run}`,
    help: 'the tree is recorded around agents with `access: write` or `full`, unless they say `undo: never`',
  };
}
