/**
 * Runs a planned workflow.
 *
 * There is one path for a new run and a resumed one: a resumed run is a run with a history. What the history says
 * succeeded is kept, what it left open is mended, everything else is decided as if it were new.
 */
import { chosenPlan } from '../model/choices.ts';
import type { By, MilestoneBody } from '../model/event.ts';
import type { BroughtDecision } from '../model/ports.ts';
import { ok, type Result } from '../model/result.ts';
import { openBreaker } from './breaker.ts';
import { budgetsOf, placesOf } from './budget-places.ts';
import { openBudgets } from './budgets.ts';
import { type Ending, outputsOf, restsIn } from './ending.ts';
import { recordEnd } from './ends.ts';
import { runFinally } from './finally.ts';
import { endOfList, finallySince, sayFinished } from './finish.ts';
import { openGates } from './gates.ts';
import { openLedger } from './ledger.ts';
import { limitEngines } from './limits.ts';
import { cancelWaiting, layOut, runWhole, waitsFor } from './list.ts';
import type { Mending } from './mend.ts';
import { lookForMending, mend } from './mend.ts';
import { sayOpening } from './opening.ts';
import { park } from './park.ts';
import { endParts } from './part-ends.ts';
import type { Halt, Phase } from './phase.ts';
import { openPhase } from './phase.ts';
import type { RunInput, Running } from './running.ts';
import { begin } from './schedule.ts';
import { stepsView } from './view.ts';

/**
 * How a run ended for this process. `parked`: it waits for somebody, and nobody runs it meanwhile. `refused`: it was not resumed, nothing was said, and `message` says why. `lost`:
 * milestones can no longer be committed (another owner, or the state directory is gone), and `message` says why.
 */
export interface RunResult {
  readonly end: 'succeeded' | 'failed' | 'canceled' | 'interrupted' | 'parked' | 'lost' | 'refused';
  readonly message?: string;
}

/** A run that is under way. */
export interface RunHandle {
  /**
   * Stops softly, within the time of the stopping ladder. `interrupt` leaves the run to be resumed, `cancel` ends it and
   * runs `finally`. A cancel counts that comes while an interrupt is still stopping what runs. An interrupt that comes
   * after a cancel leaves `finally` to the resume, which a second cancel leaves alone.
   */
  stop(kind: 'interrupt' | 'cancel', by: By): void;
  /** Starts nothing more: what runs comes to its end, then the run parks. */
  pause(): void;
  /** Brings a decision about a gate. Resolves when what came of it is committed; a gate that does not wait hears nothing. */
  decide(brought: BroughtDecision): Promise<void>;
  /** Stops at once, as an interruption unless something else was under way. */
  stopNow(): void;
  /** Never rejects for what the world does; a rejection is a defect of ours, thrown when everything is recorded. */
  readonly done: Promise<RunResult>;
}

/** What the handle and the run share. */
interface Control {
  phase: Phase;
  by: By;
  defect?: { readonly error: unknown };
  /** The main list was canceled: another cancel has nothing left to end, and must not take `finally`. */
  canceled: boolean;
  /** An interrupt that came while the main list was being canceled: `finally` does not start. */
  leaveFinally: boolean;
  onHalt: (why: Halt) => void;
}

/** Starts a run, or goes on with one that has a history. Nothing is said before this returns. */
export function startRun(input: RunInput): RunHandle {
  const { ports, options } = input;
  const open = (): Phase =>
    openPhase(ports.clock, Math.max(1, options.maxParallel), (why) => control.onHalt(why));
  const control: Control = {
    ...{ phase: open(), by: options.by, canceled: false, leaveFinally: false },
    onHalt: () => undefined,
  };
  const run = openRun(input, control);
  const done = Promise.resolve().then(() => drive(run, control, open));
  return {
    stop: (kind, by) => {
      if (kind === 'cancel' && control.canceled) return;
      const halted = control.phase.halted();
      if (kind === 'interrupt' && halted === 'cancel' && !control.canceled) {
        control.by = by;
        control.leaveFinally = true;
      }
      if (halted === undefined) control.by = by;
      control.phase.halt(kind);
    },
    pause: () => {
      control.phase.rest('pause');
      run.gates.withdraw();
    },
    decide: (brought) => run.gates.decide(brought),
    stopNow: () => {
      control.phase.halt('interrupt');
      control.phase.hard();
    },
    done,
  };
}

function openRun(input: RunInput, control: Control): Running & { setStartedAt(at: string): void } {
  const { ports, options, workflow } = input;
  const plan = chosenPlan(input.plan, input.facts.inputs);
  const ledger = openLedger({
    run: input.run,
    history: input.history,
    emit: ports.emit,
    mask: ports.mask ?? ((body: MilestoneBody) => body),
    clock: ports.clock,
    heard: () => {
      budgets.look();
      breaker.look();
    },
    onLost: () => {
      control.phase.halt('lost');
      control.phase.hard();
    },
  });
  const gates = openGates();
  const budgets = openBudgets({
    budgets: budgetsOf(workflow),
    places: placesOf(workflow),
    prices: options.prices ?? {},
    clock: ports.clock,
    ledger,
    consequences: {
      wake: () => control.phase.wake(),
      exhaust: (failure) => control.phase.exhaust(failure),
    },
  });
  const breaker = openBreaker({ ledger, clock: ports.clock, wake: () => control.phase.wake() });
  const { phase: main } = control;
  let startedAt = ledger.progress.startedAt ?? '';
  const { last } = plan;
  const outermost = {
    prefix: '',
    steps: stepsView(ledger, [{ prefix: '', planned: [...plan.steps, ...last] }]),
    contexts: {},
  };
  return {
    input,
    ledger,
    main: { ...outermost, planned: plan.steps },
    last: { ...outermost, planned: last },
    startedAt: () => startedAt,
    setStartedAt: (at) => {
      startedAt = at;
    },
    limited: limitEngines(options.engineParallel ?? {}),
    breaker,
    // What comes at the end is not left in the middle.
    parksAt: (phase) => options.parkQuota === true && phase === main,
    gates,
    budgets,
    defect: (error) => {
      control.defect ??= { error };
      control.phase.halt('defect');
    },
  };
}

async function drive(
  run: ReturnType<typeof openRun>,
  control: Control,
  open: () => Phase,
): Promise<RunResult> {
  if (run.ledger.progress.status === 'succeeded')
    return { end: 'succeeded', message: 'the run has succeeded already; there is nothing left to do' };
  // What is put back first may close attempts that look open now.
  const mending = run.input.putBack === undefined ? await lookForMending(run) : ok(undefined);
  if (!mending.ok) return { end: 'refused', message: mending.error };
  try {
    return await go(run, control, open, mending.value);
  } catch (error) {
    const lost = run.ledger.lost();
    if (lost === undefined) throw error;
    return { end: 'lost', message: lost.message };
  }
}

async function go(
  run: ReturnType<typeof openRun>,
  control: Control,
  open: () => Phase,
  looked: Mending | undefined,
): Promise<RunResult> {
  const startedAt = run.input.ports.clock.now();
  const opened = await sayOpening(run, looked?.kept ?? []);
  if (opened.type === 'run-started') {
    run.setStartedAt(opened.at);
    await recordEnd(run, 'run.start');
  }
  const mending = looked === undefined ? await putBackAndLook(run) : ok(looked);
  const mended = mending.ok ? await mend(run, mending.value) : mending;
  if (!mended.ok) {
    await sayInterrupted(run, control);
    return { end: 'interrupted', message: mended.error };
  }
  const list = layOut(run, control.phase, run.main);
  control.onHalt = (why) => {
    if (why === 'cancel') cancelWaiting(list);
  };
  await runWhole(list, begin);
  run.gates.close();
  const canceled = control.phase.halted() === 'cancel' && control.phase.trouble() === undefined;
  control.canceled = canceled;
  if (canceled) cancelWaiting(list);
  else if (control.phase.halted() !== undefined) return stopped(run, control);
  run.budgets.release();
  const waits = canceled ? undefined : (waitsFor(list) ?? restsBefore(run.last.planned, control.phase));
  if (waits !== undefined) {
    control.phase.abandon();
    return park(run, waits);
  }
  const end = control.phase.exhausted() === undefined ? endOfList(run, canceled) : 'failed';
  control.onHalt = () => undefined;
  control.phase = open();
  if (control.leaveFinally) control.phase.halt('interrupt');
  const ending: Ending = { main: run.main, last: run.last, since: finallySince(run), cancels: true };
  const partsFailed = canceled && (await endParts(run, control.phase, end, begin));
  const finallyFailed = (await runFinally(run, control.phase, ending, end, begin)) || partsFailed;
  const halted = control.phase.halted();
  const stuck = control.phase.trouble() !== undefined;
  if (stuck || (halted !== undefined && halted !== 'cancel')) return stopped(run, control);
  if (halted === undefined && restsIn(run, control.phase, run.last)) return park(run, 'pause');
  const outputs = outputsOf(run, run.input.workflow, run.main, end);
  const status =
    finallyFailed || (!outputs.ok && end === 'succeeded') ? 'failed' : halted === 'cancel' ? 'canceled' : end;
  if (!control.phase.isHard()) await recordEnd(run, 'run.end');
  await sayFinished(run, status, outputs, startedAt);
  return { end: status, ...(outputs.ok ? {} : { message: outputs.error }) };
}

/** A run that is to wait does so before `finally`, where there is one. */
function restsBefore(last: readonly unknown[], phase: Phase): 'pause' | undefined {
  return phase.restsFor() === 'pause' && last.length > 0 ? 'pause' : undefined;
}

async function putBackAndLook(run: Running): Promise<Result<Mending, string>> {
  const done = await run.input.putBack?.();
  if (done?.ok === false) return done;
  for (const body of done?.value ?? []) void run.ledger.say(body);
  return lookForMending(run);
}

/** The phase was halted, and not by a cancel. */
async function stopped(run: Running, control: Control): Promise<RunResult> {
  const lost = run.ledger.lost();
  if (lost !== undefined) return { end: 'lost', message: lost.message };
  await sayInterrupted(run, control);
  if (control.defect !== undefined) throw control.defect.error;
  const message = control.phase.trouble();
  return { end: 'interrupted', ...(message === undefined ? {} : { message }) };
}

async function sayInterrupted(run: Running, control: Control): Promise<void> {
  const wrong = control.defect === undefined ? undefined : 'a defect of codemachine';
  const by = wrong ?? (control.phase.trouble() === undefined ? control.by : 'codemachine');
  await run.ledger.say({ type: 'run-interrupted', attempt: run.ledger.progress.attempt, by });
}
