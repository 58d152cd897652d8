/** Takes the name that a step of a run shares with steps of other runs. */
import type { StepKey } from '../../model/ids.ts';
import type { NameClaim } from '../../run/running.ts';
import type { Claim } from '../../state/claims.ts';
import { StateError } from '../../state/problem.ts';
import type { Execution } from './execution.ts';

/** While the state cannot be asked nobody has the name: the next commit says what is wrong, and ends the run. */
export function stepClaim(
  { state, record }: Pick<Execution, 'state' | 'record'>,
  name: string,
  step: StepKey,
): NameClaim {
  const self = { run: record.id, step };
  let claim: Claim | undefined;
  const trying = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      return otherwise;
    }
  };
  return {
    holder: () =>
      trying(() => {
        claim ??= state.claims.claim(`step:${name}`, self);
        const [first] = claim.before();
        return first === undefined ? undefined : { ...self, ...first };
      }, self),
    release: () => trying(() => claim?.release(), undefined),
  };
}
