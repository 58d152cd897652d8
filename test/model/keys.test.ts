// A key names one execution of one step, in whatever loops and matrices it lies.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  asStepId,
  asStepKey,
  conflictKey,
  instancesOf,
  iterationPrefix,
  iterationsAround,
  liesIn,
  outermost,
  partPrefix,
  type StepKey,
  stepKey,
  stepOfKey,
  wayTo,
} from '../../src/model/ids.ts';
import { runs } from '../support/seed.ts';

test('a key is made of what is around the step', () => {
  const loop = stepKey('', asStepId('build'), '[a,1.5]');
  const inner = stepKey(iterationPrefix(loop, 2), asStepId('test'));
  expect(loop).toBe('build[a,1.5]');
  expect(inner).toBe('build[a,1.5][2].test');
  expect(conflictKey(inner)).toBe('build[a,1.5][2].test.on-conflict');
});

test('a key tells whose execution it names', () => {
  const keys = [
    'test',
    'build[2].test',
    'fix[coder,1.5]',
    'build[a.b][2].test.on-conflict',
    'test.on-conflict',
  ];
  expect(keys.map((key) => stepOfKey(asStepKey(key)))).toEqual(['test', 'test', 'fix', 'test', 'test']);
});

/** One step on the way to an execution. What its id begins with says what it is, as in a file one id is one step. */
interface On {
  readonly kind: 'loop' | 'uses';
  readonly name: string;
  /** The values of its matrix, where it has one. */
  readonly axes?: readonly string[];
  readonly iteration: number;
}

const way = fc.record({
  around: fc.array(
    fc.record(
      {
        kind: fc.constantFrom<On['kind']>('loop', 'uses'),
        name: fc.constantFrom('a', 'b', 'a-b', 'on', 'conflict'),
        axes: fc.array(fc.constantFrom('1', '2', 'v1.2', 'a', '[2].x', 'on-conflict', ''), {
          minLength: 1,
          maxLength: 2,
        }),
        iteration: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: ['kind', 'name', 'iteration'] },
    ),
    { maxLength: 4 },
  ),
  last: fc.constantFrom('test', 'a', 'on'),
  resolves: fc.boolean(),
});

type Way = typeof way extends fc.Arbitrary<infer T> ? T : never;

const idOf = ({ kind, name, axes }: On) => asStepId(`${kind}-${name}${axes === undefined ? '' : '-m'}`);

/** The key of an execution, with what a reader of it is to find. */
function executionOf({ around, last, resolves }: Way) {
  let prefix = '';
  const loops: { loop: StepKey; iteration: number }[] = [];
  for (const one of around) {
    const instance = one.axes === undefined ? '' : (instancesOf([one.axes])[0] ?? '');
    const key = stepKey(prefix, idOf(one), instance);
    if (one.kind === 'loop') loops.push({ loop: key, iteration: one.iteration });
    prefix = one.kind === 'loop' ? iterationPrefix(key, one.iteration) : partPrefix(key);
  }
  const own = stepKey(prefix, asStepId(last));
  const ids = [...around.map(idOf), asStepId(last)];
  return { key: resolves ? conflictKey(own) : own, loops, ids };
}

test('a key is read as it was made, whatever lies in what', () => {
  fc.assert(
    fc.property(way, (drawn) => {
      const { key, loops, ids } = executionOf(drawn);
      const isLoop = (around: StepKey) => loops.some(({ loop }) => loop === around);
      expect(outermost(key)).toBe(ids[0]);
      expect(wayTo(key)).toEqual(ids);
      expect(stepOfKey(key)).toBe(ids.at(-1));
      expect(iterationsAround(key, isLoop)).toEqual(loops);
      for (const { loop } of loops) expect(liesIn(key, loop)).toBe(true);
      expect(liesIn(key, key)).toBe(false);
    }),
    runs(500),
  );
});

test('two executions never have the same key', () => {
  const named = ({ around, ...rest }: Way) =>
    JSON.stringify({
      ...rest,
      around: around.map(({ kind, name, axes, iteration }) => [
        ...[kind, name, axes === undefined ? '' : instancesOf([axes])[0]],
        ...(kind === 'loop' ? [iteration] : []),
      ]),
    });
  fc.assert(
    fc.property(way, way, (one, other) => {
      expect(executionOf(one).key === executionOf(other).key).toBe(named(one) === named(other));
    }),
    runs(500),
  );
});
