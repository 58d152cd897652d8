// Whatever lies in what: a run that dies anywhere, and is resumed at any pace, ends as one that was never disturbed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Step } from '../../src/model/workflow.ts';
import { runs } from '../support/seed.ts';
import { failing, fine, loopStep, matrixOf, runStep, type Script, start, workflowOf } from './rig.ts';

interface Drawn {
  readonly kind: 'run' | 'loop';
  readonly times: number;
  readonly instances: number;
  readonly chained: boolean;
  readonly fails: boolean;
  readonly body: readonly Drawn[];
}

const { list } = fc.letrec<{ step: Drawn; list: readonly Drawn[] }>((tie) => ({
  step: fc.record({
    kind: fc.constantFrom('run', 'run', 'loop'),
    times: fc.integer({ min: 1, max: 2 }),
    instances: fc.nat(2),
    chained: fc.boolean(),
    fails: fc.nat(7).map((n) => n === 0),
    body: fc.oneof({ maxDepth: 2 }, fc.constant([]), tie('list')),
  }),
  list: fc.array(tie('step'), { minLength: 1, maxLength: 3 }),
}));

function build(drawn: readonly Drawn[], prefix = 's'): readonly Step[] {
  return drawn.map((one, index): Step => {
    const id = `${prefix}${index}`;
    const values = Array.from({ length: one.instances }, (_, n) => n);
    const spec = {
      needs: one.chained && index > 0 ? [`${prefix}${index - 1}`] : [],
      continueOnError: one.fails,
      ...(one.instances === 0 ? {} : { matrix: matrixOf({ n: values }) }),
    };
    if (one.kind === 'run' || one.body.length === 0) return runStep(id, spec);
    return loopStep(id, build(one.body, `${id}-`), { ...spec, until: `loop.index === ${one.times}` });
  });
}

test('ends the same wherever its runner dies', async () => {
  const cases = fc.record({ drawn: list, cut: fc.nat(), maxParallel: fc.integer({ min: 1, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(cases, async ({ drawn, cut, maxParallel }) => {
      const workflow = workflowOf(build(drawn));
      const failed = new Set<string>();
      const mark = (steps: readonly Drawn[], prefix = 's'): void =>
        steps.forEach((one, index) => {
          if (one.fails) failed.add(`${prefix}${index}`);
          mark(one.body, `${prefix}${index}-`);
        });
      mark(drawn);
      const script: Script = (job) => {
        const id =
          job.step
            .replace(/\[[^\]]*\]/g, '')
            .split('.')
            .at(-1) ?? '';
        return failed.has(id) ? failing('exit-code') : fine();
      };
      const whole = start({ workflow, script, options: { maxParallel } });
      const end = (await whole.result()).end;
      expect(end).toBe('succeeded');
      const history = whole.journal.slice(0, 1 + (cut % (whole.journal.length - 1)));
      const again = start({ workflow, script, history, options: { maxParallel } });
      expect((await again.result()).end).toBe(end);
      expect(again.statuses()).toEqual(whole.statuses());
      const done = new Set(history.flatMap((m) => (m.type === 'step-succeeded' ? [String(m.step)] : [])));
      expect(again.made.filter((made) => done.has(made.replace(/\.\d+$/, '')))).toEqual([]);
    }),
    runs(150),
  );
});
