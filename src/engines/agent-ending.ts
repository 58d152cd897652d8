/** Ends a turn of an agent, from outside or because it fell silent. */
import type { Stop, StopReason } from '../model/ports.ts';
import type { Silence } from './agent-idle.ts';

/** Ends a turn. */
export interface Ending {
  readonly stop: Stop;
  /** Whether the engine said how its turn ended: then what it costs is spent, and stopping it saves nothing, unless it goes on. */
  over(isOver: boolean): void;
  silent(why: Silence): void;
  why(): Silence | undefined;
  leave(): void;
}

/** The given stop, which silence raises as well. */
export function endedBySilence(outer: Stop): Ending {
  const soft = new AbortController();
  let why: Silence | undefined;
  let over = false;
  const pass = (): void => {
    if (!over || outer.soft.reason !== ('budget' satisfies StopReason)) soft.abort(outer.soft.reason);
  };
  if (outer.soft.aborted) pass();
  else outer.soft.addEventListener('abort', pass, { once: true });
  return {
    stop: { soft: soft.signal, hard: outer.hard },
    silent(silence) {
      if (soft.signal.aborted) return;
      why = silence;
      soft.abort('timeout' satisfies StopReason);
    },
    why: () => why,
    over: (isOver) => {
      over = isOver;
      if (outer.soft.aborted && !soft.signal.aborted) pass();
    },
    leave: () => outer.soft.removeEventListener('abort', pass),
  };
}
