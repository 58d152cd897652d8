/** Lists the gates of a run at which a decision is waited for, so that one from outside finds its way. */
import type { StepKey } from '../model/ids.ts';
import type { BroughtDecision } from '../model/ports.ts';

/** A gate that waits. */
export interface Waiting {
  /** Resolves when what came of it is committed. */
  decide(brought: BroughtDecision): Promise<void>;
  /** Takes the question back from whoever sits at the terminal; others may still decide. */
  withdraw(): void;
  close(): void;
}

/** The gates that wait. */
export interface Gates {
  add(key: StepKey, gate: Waiting): void;
  remove(key: StepKey): void;
  /** Brings a decision. Resolves when it was taken or the gate was asked anew; at once where no such gate waits. */
  decide(brought: BroughtDecision): Promise<void>;
  /** Nobody at the terminal is asked any more. */
  withdraw(): void;
  /** Nothing is decided here any more. */
  close(): void;
}

/** Starts with none. */
export function openGates(): Gates {
  const waiting = new Map<StepKey, Waiting>();
  return {
    add: (key, gate) => void waiting.set(key, gate),
    remove: (key) => void waiting.delete(key),
    decide: async (brought) => waiting.get(brought.step)?.decide(brought),
    withdraw: () => {
      for (const gate of waiting.values()) gate.withdraw();
    },
    close: () => {
      for (const gate of [...waiting.values()]) gate.close();
    },
  };
}
