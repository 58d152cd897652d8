/** Holds the words of the diagnostics about the order of steps. */
import { error, warning } from './entry.ts';

export const ORDER_CODES = {
  cycle: error<{ steps: readonly string[] }>(
    ({ steps }) => `these steps wait for each other: ${[...steps, steps[0]].join(' → ')}`,
    ({ steps }) => `take one of them out of the \`needs\` of the next, starting at \`${steps[0]}\``,
  ),
  'parallel-writers': error<{ first: string; second: string }>(
    ({ first, second }) => `\`${second}\` and \`${first}\` may write to the same tree at the same time`,
    ({ first }) =>
      `order them: add \`${first}\` to \`needs\`; or give this one a tree of its own: \`workspace: isolated\``,
  ),
  'matrix-writers': error<{ step: string }>(
    ({ step }) => `the instances of \`${step}\` may write to the same tree at the same time`,
    () => 'give each a tree of its own: `workspace: isolated`; or say `max-parallel: 1` in the matrix',
  ),
  'gate-bypassed': warning<{ step: string; gate: string }>(
    ({ step, gate }) => `\`${step}\` stands below the gate \`${gate}\` and does not wait for it`,
    ({ gate }) => `write \`needs: ${gate}\` if it is to wait, or name the steps it does wait for`,
  ),
};
