/** Lets the world stop a run: signals, and requests of other processes. */
import type { RunId } from '../../model/ids.ts';
import type { BroughtDecision } from '../../model/ports.ts';
import type { Lease } from '../../state/lease.ts';
import type { State } from '../../state/state.ts';

/** What a run can be told. */
export interface Controlled {
  stop(kind: 'interrupt' | 'cancel', by: string): void;
  pause(): void;
  /** Resolves when what came of the decision is committed. */
  decide(brought: BroughtDecision): Promise<void>;
  stopNow(): void;
}

/** Who listens, and which signal it was that ended the run, if one did. */
export interface Control {
  signal(): NodeJS.Signals | undefined;
  close(): void;
}

/** At least twice a second, as other processes are promised. */
const LOOK_MS = 250;

/** Far more often than the lease asks for: of a process that was killed, its last sign of life says how long it ran. */
const BEAT_MS = 2_000;

/** A closed terminal interrupts like Ctrl-C does: the run is resumable, and its children would write to nobody. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Listens until closed. The first signal stops softly, the second at once.
 * @param told is said to people when a signal arrives
 */
export function control(
  run: Controlled,
  owner: { readonly state: State; readonly lease: Lease; readonly run: RunId; readonly signals: boolean },
  told: (sentence: string) => void,
): Control {
  let first: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (first !== undefined) {
      run.stopNow();
      return;
    }
    first = signal;
    told(`${signal}: stopping; what runs is given 10 seconds to end. Once more to stop at once.`);
    run.stop('interrupt', signal);
  };
  if (owner.signals) for (const signal of SIGNALS) process.on(signal, onSignal);
  const handled: number[] = [];
  const look = setInterval(() => {
    // The commit of what this stops says why. Without it, an agent would work for an hour, and nobody could undo what it did.
    if (owner.lease.gone() !== undefined) run.stop('interrupt', 'the loss of its state');
    for (const request of pendingOf(owner)) {
      if (handled.includes(request.id)) continue;
      handled.push(request.id);
      obey(run, owner, request);
    }
  }, LOOK_MS);
  const beat = setInterval(() => quietly(() => owner.lease.beat()), BEAT_MS);
  return {
    signal: () => first,
    close: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      clearInterval(look);
      clearInterval(beat);
      for (const id of handled) quietly(() => owner.state.done(id));
    },
  };
}

/** Whoever brings a decision waits for it to be dealt with, and looks then what came of it. */
function obey(
  run: Controlled,
  { state }: { readonly state: State },
  request: ReturnType<State['pending']>[number],
): void {
  if (request.kind === 'decide')
    // What went wrong in it ends the run, which says so.
    void run
      .decide(request.decision)
      .catch(() => undefined)
      .finally(() => quietly(() => state.done(request.id)));
  else if (request.kind === 'pause') run.pause();
  else run.stop('cancel', request.by);
}

function pendingOf({
  state,
  run,
}: {
  readonly state: State;
  readonly run: RunId;
}): ReturnType<State['pending']> {
  try {
    return state.pending(run);
  } catch {
    // A database that cannot be read is noticed by the next commit, which says so.
    return [];
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // A lost lease is noticed by the next commit.
  }
}
