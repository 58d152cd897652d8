// Asks at a terminal what is decided at a gate.
import { watch } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { foldAll } from '../../src/model/fold.ts';
import { asStepKey } from '../../src/model/ids.ts';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { onlyRun, type Project, withState } from '../support/repository.ts';
import { atTerminal } from './terminal.ts';

beforeAll(built);

const ASK = `
steps:
  - { id: build, run: echo new > a.txt }
  - id: ask
    gate:
      message: Ship it?
      show: [diff]
      options: [ship, hold, reject]
      fields: { count: { type: number, required: true }, why: { type: string } }
  - { id: ship, run: echo shipped }
`;

async function decided(project: Project) {
  const run = await onlyRun(project);
  const { status, steps } = await withState(project, (state) => foldAll(state.history(run)));
  const { gate, values } = steps.get(asStepKey('ask')) ?? {};
  return {
    status,
    decision: gate?.decided?.decision,
    comment: gate?.decided?.comment,
    output: values?.output,
  };
}

describe('at a terminal', () => {
  it('an option, answers and a comment are asked for until they fit, and the diff is shown', async () => {
    const project = projectWith({ w: ASK });
    const { code, screen } = await atTerminal(project, 'run w', 'ship, hold, reject, diff?', (press) =>
      press('diff\nnothing\ns\nmany\n3\n\nlooks right\n'),
    );
    expect(screen).toContain('+new');
    expect(screen).toContain('the field `count` must be a number');
    expect(screen).toContain('ask');
    expect(code).toBe(0);
    expect(await decided(project)).toEqual({
      status: 'succeeded',
      decision: 'ship',
      comment: 'looks right',
      output: { count: 3, why: null },
    });
  });

  it('what other steps print waits until the question is answered', async () => {
    const project = projectWith({
      w: `steps:
  - { id: ask, needs: [], gate: { message: Ship it? } }
  - { id: chat, needs: [], run: "until test -e go; do sleep 0.05; done; seq -f CHATTER%g 50; touch said; until test -e over; do sleep 0.05; done" }
`,
    });
    const plain = { ...project, environ: { ...project.environ, TERM: 'dumb' } };
    const { code, screen } = await atTerminal(plain, 'run w', 'approve, reject?', (press) => {
      const watcher = watch(project.root, (_, name) => {
        if (name !== 'said') return;
        watcher.close();
        press('approve\n');
        press('fine\n');
        project.write('over', '');
      });
      project.write('go', '');
    });
    expect(code).toBe(0);
    const [before = '', after = ''] = screen.split('comment (empty for none): ');
    expect(before).not.toContain('chat | CHATTER');
    for (const line of ['CHATTER1', 'CHATTER50']) expect(after).toContain(`chat | ${line}\r\n`);
  });

  it('who rejects owes no answers', async () => {
    const project = projectWith({ w: ASK });
    const { code } = await atTerminal(project, 'run w', 'reject, diff?', (press) => press('reject\n\n'));
    expect(code).toBe(1);
    expect(await decided(project)).toMatchObject({ status: 'failed', decision: 'reject' });
  });

  it('`--yes` does not answer a gate, and the end of input leaves it to others', async () => {
    const project = projectWith({ w: ASK });
    const { code, screen } = await atTerminal(project, 'run w --yes', 'reject, diff?', (press) =>
      press('\x04'),
    );
    expect(code).toBe(3);
    expect(screen).toContain('codemachine answer');
    expect(await decided(project)).toMatchObject({ status: 'parked', decision: undefined });
  });

  it('Ctrl-C interrupts the run, and the gate is still open', async () => {
    const project = projectWith({ w: ASK });
    const { code } = await atTerminal(project, 'run w', 'reject, diff?', (press) => press('\x03'));
    expect(code).toBe(130);
    expect(await decided(project)).toMatchObject({ status: 'interrupted', decision: undefined });
    expect((await say(project, 'resume @last')).code).toBe(3);
  });

  it('a decision from another process takes the question back', async () => {
    const project = projectWith({ w: ASK });
    const { code } = await atTerminal(project, 'run w', 'reject, diff?', () => {
      void cli(project, ['answer', '@last', 'ask', '--option', 'hold', '--field', 'count=1']);
    });
    expect(code).toBe(0);
    expect(await decided(project)).toMatchObject({ status: 'succeeded', decision: 'hold' });
  });
});
