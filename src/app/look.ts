/** Looks at runs without touching them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Milestone } from '../model/event.ts';
import { EXIT, type ExitCode } from '../model/exit.ts';
import { foldAll } from '../model/fold.ts';
import type { RunId } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Reporter } from '../model/ports.ts';
import type { RunStatus } from '../model/progress.ts';
import { watch } from '../report/changes.ts';
import { ending, type Known } from '../report/ending.ts';
import { decisionCommands, openGates } from '../report/gates.ts';
import { runsJson, runsTable, waitingWords } from '../report/runs.ts';
import { atWorkText, cutOffText, statusJson } from '../report/status.ts';
import type { RunSummary } from '../state/runs.ts';
import type { State } from '../state/state.ts';
import { applyDue } from './gates/due.ts';
import { openPlaceWorkspace } from './git.ts';
import { lookIntoState, openRun } from './open.ts';
import { locate, type Place, stateAt } from './place.ts';
import { colorOn, harmless, orTrouble, printRefusal } from './print.ts';
import { answer } from './programs.ts';
import { lastWords } from './runs/abandoned.ts';
import { presenter, tellAbandoned } from './runs/present.ts';
import { checkRecord } from './runs/record.ts';
import { placesIn } from './runs/step-places.ts';
import { changedLines } from './trees/changed-lines.ts';
import { worktreesOf } from './trees/worktrees-of.ts';

/** The flags of `runs`. */
export interface RunsFlags {
  readonly json: boolean;
  readonly limit: number;
  readonly stateDir?: string | undefined;
}

/** The flags of `status`. */
export interface StatusFlags {
  readonly json: boolean;
  readonly watch: boolean;
  /** Leaves no step, file or output out. */
  readonly all: boolean;
  readonly stateDir?: string | undefined;
}

/** `codemachine runs` */
export function runsCommand(flags: RunsFlags): Promise<ExitCode> {
  return orTrouble(() => showRuns(flags));
}

async function showRuns(flags: RunsFlags): Promise<ExitCode> {
  const place = locate(stateAt(flags.stateDir), process.env);
  const opened = await lookIntoState(place);
  if (opened?.ok === false) return printRefusal(opened.error);
  const state = opened?.value;
  const runs = state?.listRuns().slice(0, flags.limit) ?? [];
  const rows = runs.map((run) => ({
    ...{ ...run, owned: run.owner !== undefined },
    ...lineOf(state, run),
    gates: decisionsOf(ASKING.has(run.status) && state?.hasAsked(run.id) ? state.history(run.id) : []),
  }));
  state?.close();
  const color = colorOn(process.stdout, process.env);
  if (flags.json) answer(runsJson(rows));
  else process.stdout.write(runsTable(rows, { now: Date.now(), color, here: place.root }));
  return EXIT.succeeded;
}

/** Of a run that a process waits to begin, or to go on with. */
function lineOf(
  state: State | undefined,
  { id, owner }: Pick<RunSummary, 'id' | 'owner'>,
): { waitsFor?: readonly RunId[] } {
  const waitsFor = owner === undefined ? state?.claims.ahead(id) : undefined;
  return waitsFor === undefined ? {} : { waitsFor };
}

/** The statuses in which a gate may be open. */
const ASKING: ReadonlySet<RunStatus> = new Set(['running', 'interrupted', 'parked']);

function decisionsOf(history: readonly Milestone[]): readonly string[] {
  const progress = foldAll(history);
  return openGates(progress).flatMap((step) =>
    progress.run === undefined ? [] : decisionCommands(progress.run, step).slice(0, 1),
  );
}

/** `codemachine status` */
export function statusCommand(text: string, flags: StatusFlags): Promise<ExitCode> {
  return orTrouble(() => showStatus(text, flags));
}

async function showStatus(text: string, flags: StatusFlags): Promise<ExitCode> {
  const place = locate(stateAt(flags.stateDir), process.env);
  const found = await openRun(place, text);
  if (!found.ok) return printRefusal(found.error);
  const { state, run } = found.value;
  try {
    await applyDue(state, run, 'status');
    const { plan, known } = knownOf(place, state, run);
    if (flags.watch) return await follow(state, run, { plan, known, json: flags.json });
    const told = state.history(run);
    const history = [...told, ...lastWords(state, run, told)];
    const seen = watch(history);
    const { progress, changes } = seen;
    const worktreeOf = await worktreesOf(state.runRecord(run), state.history(run));
    const color = colorOn(process.stdout, process.env);
    const { waitsFor } = lineOf(state, { id: run, ...state.listRuns().find(({ id }) => id === run) });
    const turn = waitsFor === undefined ? '' : `\n${waitingWords(waitsFor)}\n`;
    const end = { color, plan, ...known, out: process.stdout, all: flags.all, now: Date.now() };
    const text = async (): Promise<string> =>
      `${await ending(seen, end)}${atWorkText(progress, worktreeOf)}${turn === '' ? cutOffText(progress, worktreeOf) : turn}`;
    if (flags.json)
      answer({
        ...statusJson(progress, { plan, changes, now: Date.now(), worktreeOf }),
        ...(waitsFor === undefined ? {} : { 'waits-for': waitsFor }),
      });
    else process.stdout.write(harmless(await text(), process.stdout, process.env));
    return EXIT.succeeded;
  } finally {
    state.close();
  }
}

interface Looked {
  readonly plan: Plan | undefined;
  readonly known: Known;
}

/** The plan of a run as it was recorded, and what can be told of it besides its milestones. */
function knownOf(place: Place, state: State, run: RunId): Looked {
  const record = state.runRecord(run);
  if (record === undefined) return { plan: undefined, known: {} };
  const at = { ...place, root: record.workspace };
  const { plan, workflow } = checkRecord(at, record);
  const linesOf = async (files: ReadonlySet<string>) => {
    const opened = await openPlaceWorkspace(at, process.env);
    return opened.ok ? changedLines(opened.value, run, state.history(run), files) : undefined;
  };
  return {
    plan,
    known: { linesOf, ...(workflow === undefined ? {} : { placeOf: placesIn(workflow, record.path) }) },
  };
}

const LOOK_MS = 250;

/** Shows the run as its owner would, from the journal, until nobody runs it any more. */
async function follow(
  state: State,
  run: RunId,
  { plan, known, json }: Looked & { readonly json: boolean },
): Promise<ExitCode> {
  const reporter = await presenter({ json, verbose: false })(plan, [], undefined, known);
  let seq = 0;
  for (;;) {
    // Asked first: what an owner wrote just before it left is then still read below.
    const owned = isOwned(state, run);
    const fresh: readonly Milestone[] = state.history(run, seq);
    for (const milestone of fresh) reporter.hear(milestone);
    seq = fresh.at(-1)?.seq ?? seq;
    if (!owned) break;
    await pause(LOOK_MS);
  }
  await close(reporter, state, run, json);
  return EXIT.succeeded;
}

/** Programs hear what is recorded and nothing else; that the owner died is said to people. */
async function close(reporter: Reporter, state: State, run: RunId, json: boolean): Promise<void> {
  const told = state.history(run);
  const words = lastWords(state, run, told);
  if (!json) for (const milestone of words) reporter.hear(milestone);
  await reporter.close();
  if (json && words.length > 0) tellAbandoned(run);
  if (!json) {
    const text = cutOffText(
      foldAll([...told, ...words]),
      await worktreesOf(state.runRecord(run), state.history(run)),
    );
    process.stdout.write(harmless(text, process.stdout, process.env));
  }
}

function isOwned(state: State, run: RunId): boolean {
  return state.listRuns().some((one) => one.id === run && one.owner !== undefined);
}
