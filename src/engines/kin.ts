/** Ends a child together with everybody who came of it. */
import type { LadderSignal } from './stopping.ts';
import {
  endMarked,
  type FindMarked,
  familyOf,
  livingOf,
  type Relative,
  type SweepPauses,
  signal,
  signalGroup,
} from './sweep.ts';

/** A child, with whom it has started. */
export interface Kin {
  /** The mild signals go to the group, which passes them on as programs expect; the last one to everybody who can be found. */
  tell(rung: LadderSignal): void;
  /** Ends whoever is left when the child is gone. */
  end(pattern: string, find: FindMarked, pauses: SweepPauses): Promise<void>;
}

/** The kin of the child with this pid; of nobody where it never lived. */
export function kinOf(pid: number | undefined): Kin {
  const family: Relative[] = [];
  return {
    tell(rung) {
      // Noted while it can be seen: who left the group and dropped the mark is nobody's child once the engine has ended.
      if (pid !== undefined) family.push(...familyOf(pid));
      signalGroup(pid, rung);
      if (rung === 'SIGKILL') for (const one of livingOf(family)) signal(one, 'SIGKILL');
    },
    async end(pattern, find, pauses) {
      // Whoever dropped the mark from its environment is still in the group, or was seen below the child.
      const company = signalGroup(pid, pauses.graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
      const left = async () => [...new Set([...(await find(pattern)), ...livingOf(family)])];
      await endMarked(pattern, left, pauses);
      if (company) signalGroup(pid, 'SIGKILL');
    },
  };
}
