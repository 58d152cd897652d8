// Shows what the fingerprint of an execution is made of, and what is left out of it.
import { describe, expect, test } from 'vitest';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import type { PromptJob, RunJob } from '../../src/model/ports.ts';
import { type Around, fingerprintParts } from '../../src/plan/fingerprint.ts';

const common = {
  run: asRunId('20261120-141503-k7qd'),
  step: asStepKey('a'),
  attempt: 1,
  cwd: '',
  env: { A: '1', TOKEN: 'hush' },
  secretNames: ['TOKEN'],
};
const shell: RunJob = { ...common, kind: 'run', script: 'make', outputs: {} };
const agent: PromptJob = {
  ...{ ...common, kind: 'prompt', engine: 'codex', access: 'write', prompt: 'Do it.', idleTimeoutMs: 1 },
};
const around: Around = { inputs: [], callerEnv: { B: null }, platform: 'linux-x64', engine: null };
const parts = (job: RunJob | PromptJob, more: Partial<Around> = {}) =>
  Object.fromEntries(fingerprintParts(job, { ...around, ...more }));

describe('the parts of a fingerprint', () => {
  test('are what an attempt is told, the inputs and the platform of a command', () => {
    expect(parts(shell)).toEqual({
      ...{ version: 1, kind: 'run', run: 'make', 'working-directory': '', outputs: {} },
      ...{ env: { A: '1', B: null }, secrets: ['TOKEN'], platform: 'linux-x64', inputs: [] },
    });
    expect(parts(agent)).toEqual({
      ...{ version: 1, kind: 'prompt', prompt: 'Do it.', access: 'write', 'working-directory': '' },
      ...{ env: { A: '1', B: null }, secrets: ['TOKEN'], inputs: [] },
      engine: { name: 'codex', reached: null },
    });
  });

  test('are the same for every attempt, run and place, and for every value of a secret', () => {
    const other = {
      run: asRunId('20261120-141503-aaaa'),
      step: asStepKey('b'),
      attempt: 7,
      root: '/elsewhere',
    };
    expect(parts({ ...shell, ...other, env: { A: '1', TOKEN: 'other' } })).toEqual(parts(shell));
    expect(parts({ ...agent, ...other, idleTimeoutMs: 5 })).toEqual(parts(agent));
  });

  test('tell the instances of a matrix and the iterations of a loop apart where agents answer', () => {
    const at = (step: string) => ({ step: asStepKey(step) });
    expect(parts({ ...agent, ...at('fix[a]') })).toEqual({ ...parts(agent), instance: '[a]' });
    expect(parts({ ...agent, ...at('build[x][2].fix') })).toEqual({ ...parts(agent), instance: '[x][2]' });
    expect(parts({ ...shell, ...at('fix[a]') })).toEqual(parts(shell));
  });

  test.each<[string, RunJob | PromptJob, Partial<Around>]>([
    ['prompt', { ...agent, prompt: 'Do more.' }, {}],
    ['model', { ...agent, model: 'm' }, {}],
    ['access', { ...agent, access: 'full' }, {}],
    ['engine', { ...agent, engine: 'claude-code' }, {}],
    ['engine', agent, { engine: { command: ['other'] } }],
    ['output', { ...agent, schema: { type: 'object' } }, {}],
    ['env', { ...agent, env: { A: '2' } }, {}],
    ['env', agent, { callerEnv: { B: 'x' } }],
    ['secrets', { ...agent, secretNames: [] }, {}],
    ['artifacts', { ...agent, artifacts: ['*.txt'] }, {}],
    ['inputs', agent, { inputs: [['a', '100644', 'x']] }],
    ['workspace', agent, { isolated: { copy: [], link: [], setup: 'npm ci', merge: 'auto' } }],
  ])('tell by %s', (name, job, more) => {
    const [before, after] = [parts(agent), parts(job, more)];
    expect(after[name]).not.toEqual(before[name]);
  });
});
