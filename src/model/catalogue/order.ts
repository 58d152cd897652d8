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
  'parallel-sessions': error<{ first: string; second: string; of: string }>(
    ({ first, second, of }) =>
      `\`${second}\` and \`${first}\` may go on in the session of \`${of}\` at the same time`,
    ({ first, of }) =>
      `order them: add \`${first}\` to \`needs\`; or branch off: \`session: { fork: ${of} }\``,
  ),
  'matrix-sessions': error<{ step: string; of: string }>(
    ({ step, of }) => `the instances of \`${step}\` may go on in the session of \`${of}\` at the same time`,
    ({ of }) => `let each branch off: \`session: { fork: ${of} }\`; or say \`max-parallel: 1\` in the matrix`,
  ),
  unreachable: warning<{ step: string; gate: string }>(
    ({ step, gate }) => `\`${step}\` can never run: nothing passes the gate \`${gate}\` before it`,
    ({ gate }) => `mend the \`require\` of \`${gate}\`, or take the step out`,
  ),
  'uses-cycle': error<{ files: readonly string[] }>(
    ({ files }) => `these workflows use each other: ${[...files, files[0]].join(' → ')}`,
    () => 'take this step out, or move what both need into a workflow of its own',
  ),
  'uses-too-deep': error<{ most: number; files: readonly string[] }>(
    ({ most, files }) =>
      `workflows may use each other ${most} deep, and this goes deeper: ${files.join(' → ')}`,
    () => 'put the steps of one of them into the workflow that uses it',
  ),
  'uses-too-many': error<{ most: number }>(
    ({ most }) => `with the workflows that it uses, this one has more than ${most} steps`,
    () => 'use a workflow in a `loop` or a `matrix` instead of many times',
  ),
  'gate-in-finally': error<{ file: string }>(
    ({ file }) => `${file} holds a gate, and at the end of a run nobody is asked`,
    () => 'use it above `finally`, or move the gate into the workflow that uses it',
  ),
  'part-key-ignored': warning<{ file: string; keys: readonly string[] }>(
    ({ file, keys }) => `${keys.map((key) => `\`${key}\``).join(' and ')} of ${file} says nothing here`,
    () => 'what holds for all steps of a run is said by its own workflow, or by a flag',
  ),
  'artifact-not-kept': error<{ show: string; gate: string; keeps?: string; waits?: boolean }>(
    ({ show, gate }) =>
      `\`${show}\` shows nothing: no step that is certain to have ended before \`${gate}\` keeps a file that fits`,
    ({ show, gate, keeps, waits = false }) =>
      keeps === undefined
        ? `write \`artifacts: "${show.slice('artifact:'.length)}"\` on the step before it that makes the files`
        : waits
          ? `move \`${gate}\` below \`${keeps}\`, which waits for it`
          : `add \`${keeps}\` to the \`needs\` of \`${gate}\``,
  ),
  'gate-bypassed': warning<{ step: string; gate: string }>(
    ({ step, gate }) => `\`${step}\` stands below the gate \`${gate}\` and does not wait for it`,
    ({ gate }) => `write \`needs: ${gate}\` if it is to wait, or name the steps it does wait for`,
  ),
};
