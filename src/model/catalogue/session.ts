/** Holds the words of the diagnostics about the session that a step goes on in. */
import { error } from './entry.ts';

export const SESSION_CODES = {
  'session-alone': error<{ why: 'no-loop' | 'isolated' | 'matrix' }>(
    ({ why }) =>
      why === 'matrix'
        ? '`session: continue` is one conversation, and a step with a `matrix` has many'
        : why === 'no-loop'
          ? '`session: continue` goes on in the session of the iteration before, and this step is in no loop'
          : '`session: continue` goes on in the tree that the session knows, and each attempt of this step has one of its own',
    ({ why }) =>
      why === 'matrix'
        ? 'take one of them out: `session`, or `matrix`; a matrix may stand on the loop around the step'
        : why === 'no-loop'
          ? 'take it out, or put the step into the `steps` of a `loop`'
          : 'take one of them out: `session`, or `workspace: isolated`',
  ),
  'session-of-other': error<{
    id: string;
    step: string;
    why: 'kind' | 'matrix' | 'engines';
    has?: readonly string[];
    wants?: readonly string[];
  }>(
    ({ id, step, why, has = [], wants = [] }) =>
      why === 'kind'
        ? `\`${id}\` has no session: no agent works on it`
        : why === 'matrix'
          ? `\`${id}\` has a session per combination of its matrix, and which of them is meant is not said`
          : `a session of ${has.join(' or ')}, which \`${id}\` uses, is none of ${wants.join(' or ')}, which \`${step}\` uses`,
    ({ why, has = [] }) =>
      why === 'kind'
        ? 'name a step with a `prompt`'
        : why === 'matrix'
          ? 'name a step without a `matrix`, or put what they said into the prompt'
          : `add ${has.join(' or ')} to the \`engine\` of this step, or take \`session\` out`,
  ),
};
