// Asks no engine for nothing.
import { expect, test } from 'vitest';
import { agentStep, fine, start, template, workflowOf } from './rig.ts';

test.each([
  ['${{ inputs.t }}', '`inputs.t` gave nothing'],
  [
    ' ${{ inputs.t }}\n${{ inputs.u }}${{ inputs.t }}\n',
    '`inputs.t`, `inputs.u` and `inputs.t` gave nothing',
  ],
])('the prompt %j that comes out blank is no attempt', async (prompt, gave) => {
  const rig = start({
    workflow: workflowOf([agentStep('ask', { prompt: template(prompt) })]),
    script: () => fine(),
  });
  expect(await rig.result()).toEqual({ end: 'failed' });
  expect(rig.made).toEqual([]);
  const failure = { reason: 'config', message: `the prompt of \`ask\` came out empty: ${gave}` };
  expect(rig.journal).toContainEqual(
    expect.objectContaining({ type: 'step-failed', failure: expect.objectContaining(failure) }),
  );
});
