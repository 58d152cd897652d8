/** Clears up: runs that are kept no longer, and what those that are gone have left. */
import { sweepRun } from '../../engines/process.ts';
import { discardScratch } from '../../engines/scratch.ts';
import type { Retention } from '../../model/config.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { RUN_ID_PATTERN, type RunId } from '../../model/ids.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { type Clearing, clearingJson, clearingText, type GoneRun, type Stray } from '../../report/gc.ts';
import { count, duration } from '../../report/words.ts';
import { expired, isOver, type Kept, type Limits, standingOn } from '../../state/retention.ts';
import type { RunSummary } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import { durationMs } from '../../workflow/scalars.ts';
import { loadConfig } from '../config.ts';
import { lookIntoState, meantRun, openPlaceState } from '../open.ts';
import { locate, type Place, shown, stateAt } from '../place.ts';
import { harmless, orTrouble, ours, printRefusal } from '../print.ts';
import { answer } from '../programs.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { clearRun, clearShared, clearWorktrees, type Repositories, repositories } from './clear.ts';
import { deserted } from './deserted.ts';
import { runsKnownTo, straysHere, straysIn } from './strays.ts';

/** What `codemachine gc` is asked for. */
export interface GcFlags {
  /** Only these; without any, those that are kept no longer. */
  readonly runs: readonly string[];
  readonly olderThan: string | undefined;
  readonly keep: number | undefined;
  readonly dryRun: boolean;
  /** Named runs go although they could go on. */
  readonly force: boolean;
  readonly json: boolean;
  readonly stateDir?: string | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** What holds where nothing is configured. */
const RETENTION = { days: 30, runs: 200 } as const;

/** How long runs are kept by the configuration. */
export function limitsOf({ days = RETENTION.days, runs = RETENTION.runs }: Retention = {}): Limits {
  return { ageMs: days * DAY_MS, runs };
}

/** `codemachine gc` */
export function gcCommand(flags: GcFlags): Promise<ExitCode> {
  return orTrouble(async () => {
    const done = await gc(flags);
    return done.ok ? done.value : printRefusal(done.error);
  });
}

async function gc(flags: GcFlags): Promise<Result<ExitCode, Refusal>> {
  const place = locate(stateAt(flags.stateDir), process.env);
  const limits = await limitsFor(place, flags);
  if (!limits.ok) return limits;
  const [named] = flags.runs;
  // What is left of a run can be removed where the state is gone, too.
  const opened =
    (await lookIntoState(place)) ?? (named && flags.force ? await openPlaceState(place) : undefined);
  if (opened === undefined && named)
    return refuse(`there are no runs in ${shown(place, place.stateDir)}`, LEFT);
  if (opened === undefined) {
    const unknown = await straysHere(place, new Set());
    const nothing = { runs: [], stay: [], unknown, troubles: [] };
    print(
      { ...nothing, dryRun: flags.dryRun, recordings: 0, worktrees: 0, scratch: 0, bytes: 0, left: 0 },
      limits.value,
      flags,
    );
    return ok(EXIT.succeeded);
  }
  if (!opened.ok) return opened;
  const state = opened.value;
  try {
    const chosen = choose(state, limits.value, flags);
    if (!chosen.ok) return chosen;
    const places = repositories({ ...place, stateDir: state.directory });
    const clearing = await clear(state, places, chosen.value, flags.dryRun);
    print(clearing, limits.value, flags);
    return ok(clearing.troubles.length === 0 ? EXIT.succeeded : EXIT.failed);
  } finally {
    state.close();
  }
}

const LEFT = 'say --force, too, to remove what is left here of a run that no state directory knows';

/** A limit on the command line stands alone: who says `--keep 10` does not mean those of the last ten that are old. */
async function limitsFor(place: Place, flags: GcFlags): Promise<Result<Limits, Refusal>> {
  const ageMs = flags.olderThan === undefined ? undefined : durationMs(flags.olderThan);
  if (flags.olderThan !== undefined && ageMs === undefined)
    return refuse(`--older-than ${flags.olderThan}: not a duration`, 'write it like `30d` or `12h`');
  if (ageMs !== undefined || flags.keep !== undefined) {
    return ok({
      ...(ageMs === undefined ? {} : { ageMs }),
      ...(flags.keep === undefined ? {} : { runs: flags.keep }),
    });
  }
  const config = await loadConfig(place, process.env);
  return config.ok ? ok(limitsOf(config.value.retention)) : config;
}

/** What is to go. */
interface Chosen {
  readonly go: readonly RunSummary[];
  /** Named, although the state does not know it: what is left of it goes. */
  readonly strays: readonly RunId[];
  readonly stay: readonly Kept[];
}

function choose(state: State, limits: Limits, flags: GcFlags): Result<Chosen, Refusal> {
  const runs = state.listRuns();
  if (flags.runs.length > 0) return chooseNamed(state, runs, flags);
  const { go, stay } = expired(runs, limits, state.removals.takenOver(), Date.now());
  return ok({ go: go.flatMap((id) => runs.find((run) => run.id === id) ?? []), strays: [], stay });
}

function chooseNamed(state: State, runs: readonly RunSummary[], flags: GcFlags): Result<Chosen, Refusal> {
  const go = new Map<RunId, RunSummary>();
  const strays: RunId[] = [];
  for (const text of flags.runs) {
    const found = state.resolveRun(text);
    if (!found.ok && flags.force && RUN_ID_PATTERN.test(text)) {
      strays.push(text as RunId);
      continue;
    }
    if (!found.ok) return refuse(found.error, meantRun(state, text));
    const run = runs.find(({ id }) => id === found.value);
    if (run === undefined) continue;
    const trouble = whyNot(run, flags.force);
    if (trouble !== undefined) return err(trouble);
    go.set(run.id, run);
  }
  const [kept] = flags.force ? [] : standingOn(new Set(go.keys()), state.removals.takenOver());
  if (kept !== undefined) {
    return refuse(
      `run ${kept.for} took over results of run ${kept.run}, whose recordings it needs`,
      `name both, or say --force: \`codemachine gc ${kept.run} ${kept.for}\``,
    );
  }
  return ok({ go: [...go.values()], strays, stay: [] });
}

function whyNot(run: RunSummary, force: boolean): Refusal | undefined {
  if (run.owner !== undefined) {
    return {
      message: `run ${run.id} is being run (pid ${run.owner.pid})`,
      help: `end it with \`codemachine cancel ${run.id}\` first`,
    };
  }
  if (force || isOver(run)) return undefined;
  return {
    message: `run ${run.id} is ${run.status === 'new' ? 'interrupted' : run.status}, and can go on`,
    help: `\`codemachine resume ${run.id}\` does; say --force to throw it away`,
  };
}

async function clear(
  state: State,
  places: Repositories,
  { go, strays, stay }: Chosen,
  dryRun: boolean,
): Promise<Clearing> {
  const troubles: string[] = [];
  const runs: GoneRun[] = [];
  const scratch = deserted(state);
  const sum = { bytes: 0, recordings: 0, worktrees: 0 };
  const add = (what: Partial<typeof sum>): void => {
    for (const key of ['bytes', 'recordings', 'worktrees'] as const) sum[key] += what[key] ?? 0;
  };
  for (const { id, name, status, changedAt } of go) {
    const bytes = state.removals.size(id);
    const gone = { run: id, workflow: name, status, changedAt, bytes };
    if (dryRun) add({ bytes });
    else {
      const begun = state.removals.begin(id);
      if (!begun.ok) {
        troubles.push(`run ${id} has just been taken by pid ${begun.error.pid}, so it stays`);
        continue;
      }
      add({ bytes: begun.value });
      // What an owner that was killed has left running would go on in a worktree that is taken away.
      if (!isOver({ status })) await sweepRun(id);
    }
    runs.push(gone);
  }
  if (!dryRun) for (const one of await finishAll(state, places, strays, troubles)) add(one);
  const unknown = await tidy(state, places, dryRun, { add, troubles, strays });
  if (!dryRun) for (const directory of scratch) discardScratch(directory);
  const left = state.listRuns().length;
  return { dryRun, runs, stay, unknown, ...sum, scratch: scratch.length, left, troubles };
}

type Sum = { readonly bytes: number; readonly recordings: number; readonly worktrees: number };

/** Finishes what was begun, by this process or by one that died over it. */
async function finishAll(
  state: State,
  places: Repositories,
  strays: readonly RunId[],
  troubles: string[],
): Promise<readonly Sum[]> {
  const cleared: Sum[] = [];
  const begun = state.removals.begun();
  const known = new Set(begun.map(({ run }) => run));
  const others = strays.filter((run) => !known.has(run)).map((run) => ({ run, workspace: '' }));
  for (const { run, workspace } of [...begun, ...others]) {
    const repository = await (workspace === '' ? places.here() : places.of(workspace));
    const done = repository.ok ? await clearRun(state, repository.value, run) : repository;
    if (done.ok) {
      cleared.push(done.value);
      state.removals.finish(run);
    } else troubles.push(`what is left of run ${run} stays until the next time: ${done.error.message}`);
  }
  return cleared;
}

/** What belongs to runs that ended, or to none; gives the runs that have recordings here and are unknown. */
async function tidy(
  state: State,
  places: Repositories,
  dryRun: boolean,
  told: {
    readonly add: (what: Partial<Sum>) => void;
    readonly troubles: string[];
    readonly strays: readonly RunId[];
  },
): Promise<readonly Stray[]> {
  const here = await places.here();
  if (!here.ok) {
    told.troubles.push(here.error.message);
    return [];
  }
  const repository = here.value;
  const runs = state.listRuns();
  const over = new Set(runs.filter(isOver).map(({ id }) => id));
  if (!dryRun) {
    const worktrees =
      repository === undefined
        ? undefined
        : await clearWorktrees(repository, (run) => holdOver(state, over, run));
    if (worktrees?.ok === false) told.troubles.push(worktrees.error.message);
    else told.add(worktrees?.value ?? {});
    const shared = await clearShared(state, repository, Date.now());
    if (shared.ok) told.add({ bytes: shared.value });
    else told.troubles.push(shared.error.message);
    // A copy of the whole database holds up whoever writes to it.
    if (runs.every(({ owner }) => owner === undefined)) told.add({ bytes: state.removals.compact() });
  }
  const strays = await straysIn(repository, runsKnownTo(state));
  return strays.filter(({ run }) => dryRun || !told.strays.includes(run));
}

/**
 * Holds a run that ended while its worktrees are taken away: its work is recorded, so they are what a killed process left. A run that
 * may go on keeps them, since its next owner looks at what is in there.
 */
function holdOver(state: State, over: ReadonlySet<RunId>, run: RunId): (() => void) | undefined {
  if (!over.has(run)) return undefined;
  const lease = state.acquire(run, { by: 'gc', visit: true });
  return lease.ok ? lease.value.release : undefined;
}

function print(clearing: Clearing, limits: Limits, flags: GcFlags): void {
  for (const trouble of clearing.troubles)
    process.stderr.write(harmless(ours(trouble), process.stderr, process.env));
  const text = (): string => clearingText(clearing, limitWords(limits), Date.now());
  if (flags.json) answer(clearingJson(clearing));
  else process.stdout.write(harmless(text(), process.stdout, process.env));
}

function limitWords({ ageMs, runs }: Limits): string {
  const age = ageMs === undefined ? undefined : ageWords(ageMs);
  if (runs === undefined) return age === undefined ? 'all are kept' : `runs are kept for ${age}`;
  const newest = runs === 1 ? 'the newest' : `the newest ${runs}`;
  return age === undefined ? `kept: ${newest}` : `runs are kept for ${age}, at most ${newest}`;
}

function ageWords(ms: number): string {
  return ms % DAY_MS === 0 ? count(ms / DAY_MS, 'day') : duration(ms);
}

/** What `doctor` says of a place where much can be cleared up; undefined where there is little. */
export function muchToClear(state: State, limits: Limits): string | undefined {
  const { go } = expired(state.listRuns(), limits, state.removals.takenOver(), Date.now());
  const begun = state.removals.begun().length;
  if (go.length < MUCH && begun === 0) return undefined;
  return [
    ...(go.length === 0
      ? []
      : [`${count(go.length, 'run')} ${go.length === 1 ? 'is' : 'are'} kept no longer`]),
    ...(begun === 0 ? [] : [`${count(begun, 'run')} half removed`]),
  ].join(', ');
}

/** So many runs are worth a word. */
const MUCH = 10;
