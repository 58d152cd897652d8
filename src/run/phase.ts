/** Holds what a stretch of the run can be stopped by. */
import type { ParkReason } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { Clock, Stop, StopReason } from '../model/ports.ts';
import type { Room } from './room.ts';
import { openRoom } from './room.ts';

/** Why nothing new starts any more. `lost`: somebody else owns the run; `defect`: we are wrong. */
export type Halt = 'interrupt' | 'cancel' | 'lost' | 'defect';

/** What a run waits for that starts nothing more. */
export type RestReason = Extract<ParkReason, 'pause' | 'budget'>;

/** The means to stop one attempt. */
export interface AttemptStop {
  readonly stop: Stop;
  soft(reason: StopReason): void;
  /** The attempt has ended; nothing reaches it any more. */
  close(): void;
}

/** The main list, or `finally`: what stops one must not stop the other. */
export interface Phase {
  readonly room: Room;
  /** Why it was halted; undefined while it goes on. The first reason stays, but for a cancel that follows an interrupt. */
  halted(): Halt | undefined;
  /** Why the shared tree is not what a step may start on; undefined where it is. */
  trouble(): string | undefined;
  /** Whether everything was to end at once. */
  isHard(): boolean;
  halt(why: Halt): void;
  /** Halts because of what the shared tree is, to be resumed: a resume mends it first. The first sentence stays. */
  stuck(why: string): void;
  /** Starts nothing more, and lets what runs come to its end: the run is to wait for somebody. The first reason stays. */
  rest(why: RestReason): void;
  isResting(): boolean;
  restsFor(): RestReason | undefined;
  /** Ends everything as a cancel does, because nothing may be spent any more. */
  exhaust(failure: Failure): void;
  /** Why nothing may be spent any more, where that is what ended the phase. */
  exhausted(): Failure | undefined;
  /** Ends every attempt at once. */
  hard(): void;
  openStop(): AttemptStop;
  /** Resolves at `until` (milliseconds since the epoch), when the phase is halted, or when all are woken to look again. */
  pause(until: number): Promise<void>;
  /** Lets all who pause look again whether they still have to. */
  wake(): void;
  /** Resolves when all are woken to look again, or when the phase is halted. */
  woken(): Promise<void>;
  /** The run is left as it is: who still pauses is never woken any more. */
  abandon(): void;
}

/** Opens a phase in which at most `size` attempts run at once. `onHalt` hears the first reason. */
export function openPhase(clock: Clock, size: number, onHalt: (why: Halt) => void): Phase {
  const room = openRoom(size);
  const stops = new Set<{ soft: AbortController; hard: AbortController }>();
  const sleep = openSleep(clock);
  let halted: Halt | undefined;
  let trouble: string | undefined;
  let hard = false;
  let resting: RestReason | undefined;
  let exhausted: Failure | undefined;
  // What is stopping already goes on stopping; what becomes of it is decided when it has. At once is at once, though.
  const canStillCancel = () => halted === 'interrupt' && trouble === undefined && !hard;
  const halt = (why: Halt) => {
    if (halted !== undefined && !(why === 'cancel' && canStillCancel())) return;
    halted = why;
    for (const { soft } of stops) soft.abort(reasonOf(why));
    room.close();
    onHalt(why);
    sleep.wakeAll();
  };
  return {
    room,
    halted: () => halted,
    trouble: () => trouble,
    isHard: () => hard,
    halt,
    stuck: (why) => {
      trouble ??= why;
      halt('interrupt');
    },
    rest: (why) => {
      if (resting !== undefined) return;
      resting = why;
      room.close();
      sleep.wakeAll();
    },
    isResting: () => resting !== undefined,
    restsFor: () => resting,
    exhaust: (failure) => {
      // What is stopped already stays so: an interrupted run finds its budget used up when somebody goes on with it.
      if (halted !== undefined) return;
      exhausted ??= failure;
      halt('cancel');
    },
    exhausted: () => exhausted,
    hard: () => {
      hard = true;
      for (const stop of stops) stop.hard.abort(reasonOf(halted ?? 'interrupt'));
    },
    openStop: () => addStop(stops, halted, hard),
    wake: () => sleep.wakeAll(),
    woken: () => (halted === undefined && resting === undefined ? sleep.until() : Promise.resolve()),
    abandon: () => sleep.forgetAll(),
    pause: (until) =>
      halted === undefined && resting === undefined ? sleep.until(until) : Promise.resolve(),
  };
}

/** One that begins where all are stopped is stopped as well. */
function addStop(
  stops: Set<Record<'soft' | 'hard', AbortController>>,
  halted: Halt | undefined,
  hard: boolean,
): AttemptStop {
  const own = { soft: new AbortController(), hard: new AbortController() };
  stops.add(own);
  if (halted !== undefined) own.soft.abort(reasonOf(halted));
  if (hard) own.hard.abort(reasonOf(halted ?? 'interrupt'));
  return stopOf(own, () => stops.delete(own));
}

function stopOf({ soft, hard }: Record<'soft' | 'hard', AbortController>, close: () => void): AttemptStop {
  return { stop: { soft: soft.signal, hard: hard.signal }, soft: (reason) => soft.abort(reason), close };
}

/** Waits that can all be ended at once. One without a time is ended so alone. */
interface Sleep {
  until(time?: number): Promise<void>;
  wakeAll(): void;
  forgetAll(): void;
}

function openSleep(clock: Clock): Sleep {
  const sleepers = new Map<() => void, () => void>();
  return {
    until: (time) =>
      new Promise((resolve) => {
        let takeBack = (): void => undefined;
        const wake = (): void => {
          takeBack();
          sleepers.delete(wake);
          resolve();
        };
        if (time !== undefined) takeBack = clock.after(Math.max(0, time - clock.now()), wake);
        sleepers.set(wake, takeBack);
      }),
    wakeAll: () => {
      for (const wake of [...sleepers.keys()]) wake();
    },
    forgetAll: () => {
      for (const takeBack of sleepers.values()) takeBack();
      sleepers.clear();
    },
  };
}

function reasonOf(why: Halt): StopReason {
  return why === 'cancel' ? 'cancel' : 'interrupt';
}
