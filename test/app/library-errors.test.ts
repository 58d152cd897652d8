// What the library door says where something is wrong, on the program's side or on ours.
import { expect, it } from 'vitest';
import { type Event, RefusedError, runWorkflow, validate } from '../../src/index.ts';
import { FINE, projectWith } from '../commands/project.ts';
import { withState } from '../support/repository.ts';

const AGENT = 'steps:\n  - { id: ask, prompt: hi, engine: codex, access: read }\n';

const TWO = 'steps:\n  - { id: one, run: echo fine }\n  - { id: two, run: touch two }\n';

it.each([
  [
    'throws',
    (event: Event) => {
      if (event.type === 'step-succeeded') throw new Error('listener');
    },
  ],
  [
    'rejects',
    (event: Event) => (event.type === 'step-started' ? Promise.reject(new Error('listener')) : undefined),
  ],
])('a listener that %s interrupts the run and is what the program hears', async (_, onEvent) => {
  const { root, environ, ...project } = projectWith({
    w: 'steps:\n  - { id: one, run: echo fine }\n  - { id: two, run: "until test -e never; do sleep 0.02; done" }\n',
  });
  await expect(runWorkflow('w', { cwd: root, env: environ, onEvent })).rejects.toThrow(/^listener$/);
  const [run] = await withState({ root, environ, ...project }, (state) => state.listRuns());
  expect(run?.status).toBe('interrupted');
});

it('refuses with everything that is wrong, for programs too', async () => {
  const { root, environ } = projectWith({ bad: 'steps:\n  - runn: x\n', w: FINE, agent: AGENT });
  const options = { cwd: root, env: environ };
  const bad = await runWorkflow('bad', options).catch((error: unknown) => error);
  expect(bad).toBeInstanceOf(RefusedError);
  expect(bad).toMatchObject({ message: expect.stringContaining('bad.yml:3:5') });
  expect((bad as RefusedError).problems).toEqual(await validate('bad', { cwd: root }));
  const none = await runWorkflow('ww', options).catch((error: unknown) => error);
  expect(none).toBeInstanceOf(RefusedError);
  expect(none).toMatchObject({ help: 'give the path of the file, or one of: agent, bad, w', problems: [] });
  await expect(validate('ww', { cwd: root })).rejects.toBeInstanceOf(RefusedError);
  await expect(runWorkflow('agent', { ...options, replay: 'none' })).rejects.toThrow('--replay');
});

it.each([0, -1, 1.5, Number.NaN, '2'])('maxParallel: %s is none', async (maxParallel) => {
  const { root, environ } = projectWith({ w: TWO });
  const wrong = { cwd: root, env: environ, maxParallel: maxParallel as number };
  await expect(runWorkflow('w', wrong)).rejects.toThrow(`maxParallel must be a whole number from 1`);
});

it('asks for the workflow where none is named', async () => {
  const call = runWorkflow as (workflow?: string) => Promise<unknown>;
  await expect(call()).rejects.toThrow('runWorkflow needs a workflow');
});
