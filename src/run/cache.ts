/** Finds out what an attempt comes from, so that its result can be found by whoever would come from the same. */
import type { Fingerprint } from '../model/fingerprint.ts';
import type { Job } from '../model/ports.ts';
import type { AttemptOf, Made } from './attempt.ts';

/** What an attempt comes from. */
export interface Source {
  /** Looks at the files as they are. To be called right before the attempt begins, while nobody else writes to the shared tree. */
  look(): Promise<void>;
  /** Marks a good outcome with it, where its change is known and none of it was made by an attempt before. */
  mark(made: Made): Made;
}

/** Says of an attempt what it comes from; of a step without `cache` nothing. */
export function openSource(of: AttemptOf, job: Job): Source {
  const { run, step, key, attempt } = of;
  const { cache } = run.input.ports;
  let found: Fingerprint | undefined;
  return {
    look: async () => {
      if (cache === undefined || step.cache === undefined) return;
      const { isolated } = step;
      const looked = await cache.fingerprint(job, {
        cache: step.cache,
        ...(isolated === undefined ? {} : { isolated }),
      });
      found = looked.ok ? looked.value : undefined;
    },
    mark: (made) => {
      const { outcome } = made;
      if (found === undefined || !outcome.ok || outcome.reused !== undefined) return made;
      if (leftSomething(of)) return made;
      const { before: from, after: to } = run.ledger.step(key).trees[attempt] ?? {};
      const at = step.isolated === undefined ? from : made.base;
      const recorded = made.change?.files ?? made.files;
      const known = recorded !== undefined && from !== undefined && to !== undefined && at !== undefined;
      if (writes(of) && !known) return made;
      const fingerprint = { ...found, ...(known ? { change: { from, to, at } } : {}) };
      return { ...made, outcome: { ...outcome, values: { ...outcome.values, fingerprint } } };
    },
  };
}

/** Whether it may have changed files. */
function writes({ step }: AttemptOf): boolean {
  return (
    step.isolated !== undefined || step.kind === 'run' || (step.kind === 'prompt' && step.access !== 'read')
  );
}

/** What an earlier attempt left in the shared tree is half of the result, and in nobody's recordings. */
function leftSomething({ run, key, attempt }: AttemptOf): boolean {
  return Object.entries(run.ledger.step(key).trees).some(
    ([number, trees]) => Number(number) < attempt && trees.isolated !== true && !trees.undone,
  );
}
