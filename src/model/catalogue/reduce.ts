/** Holds the words of the diagnostics about making one result of many. */
import { error, slipOf } from './entry.ts';

export const REDUCE_CODES = {
  'reduce-from': error<{
    from: string;
    why: 'unknown' | 'no-matrix' | 'loop' | 'not-before';
    known: readonly string[];
    nearest?: string | undefined;
  }>(
    ({ from, why }) =>
      ({
        unknown: `there is no step \`${from}\` with a \`matrix\` in this list`,
        'no-matrix': `\`${from}\` has no \`matrix\`, so it has no instances to choose among`,
        loop: `the instances of the loop \`${from}\` have neither a text nor a change of their own`,
        'not-before': `\`${from}\` is not certain to have ended before this step`,
      })[why],
    ({ from, why, known, nearest }) => {
      if (why === 'not-before') return `add \`${from}\` to \`needs\``;
      if (nearest !== undefined) return `did you mean \`${nearest}\`?`;
      const names = known.map((name) => `\`${name}\``).join(', ');
      return names === '' ? 'name a step with a `matrix`' : `name one with a \`matrix\`: ${names}`;
    },
    ({ from, why, known, nearest }) => (why === 'unknown' ? slipOf(from, nearest, known) : undefined),
  ),
  'reduce-not-isolated': error<{ from: string }>(
    ({ from }) => `\`best-of\` takes the change of one instance, and those of \`${from}\` work in one tree`,
    ({ from }) => `write \`workspace: isolated\` on \`${from}\``,
  ),
  'reduce-merged': error<{ from: string; reduce: string }>(
    ({ from, reduce }) =>
      `every instance of \`${from}\` would be merged, and \`${reduce}\` merges the best one alone`,
    () => 'take it out',
  ),
  'checks-without-best-of': error<{ mode: string }>(
    ({ mode }) => `\`checks\` say who may be the best of all, and this is \`mode: ${mode}\``,
    () => 'take them out, or write `mode: best-of`',
  ),
};
