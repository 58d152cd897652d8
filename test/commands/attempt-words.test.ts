// What is said of one attempt: its logs by the word that names it, and what a replayed one has used.
import { expect, it } from 'vitest';
import { projectWith, sayAll } from './project.ts';

it('logs take `step.attempt`, as diff and restore do; the attempt that is not there is named', () => {
  const project = projectWith({
    w: 'steps:\n  - id: fix\n    run: echo "says $CODEMACHINE_ATTEMPT"; exit 1\n    retry: { attempts: 2, delay: 1ms, on: [exit-code] }\n',
  });
  const [, first, second, third] = sayAll(project, [
    'run w',
    'logs @last fix.1',
    'logs @last fix.2',
    'logs @last fix.3',
  ]);
  expect(first).toMatchObject({ code: 0, stdout: 'says 1\n' });
  expect(second).toMatchObject({ code: 0, stdout: expect.stringMatching(/attempt 2.*\nsays 2\n$/) });
  expect(third).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('attempt 3 of fix has not started'),
  });
});

it('a replay has used nothing, also where the recording names no usage', () => {
  const project = projectWith(
    { w: 'steps:\n  - { id: a, engine: eng, access: read, prompt: Hello. }\n' },
    {
      '.codemachine/config.yml': 'engines: { eng: { command: [node, eng.js], access: { read: [] } } }\n',
      'eng.js': "process.stdin.resume().on('end', () => console.log('done'));\n",
    },
  );
  const [recorded, replayed] = sayAll(project, ['run w --record rec', 'run w --replay rec']);
  expect(recorded?.stdout).toContain('used: unknown\n');
  expect(replayed?.stdout).toContain('used: nothing\n');
});
