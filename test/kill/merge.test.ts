// Proves that a program which is killed at anything that it does to the disk around a merge loses nothing, and that the next one ends where it would have ended.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { asRunId } from '../../src/model/ids.ts';
import { built } from '../support/built.ts';
import { type CliEnd, cli } from '../support/cli.ts';
import { withState } from '../support/repository.ts';
import {
  type Copied,
  copyAtEach,
  type MergeScene,
  type Points,
  pointOf,
  setMergeScene,
  takePlace,
} from './merge-scene.ts';

beforeAll(built);

function fine(end: CliEnd): void {
  if (end.code !== 0) throw new Error(`${end.code} ${end.signal}\n${end.stderr}`);
}

/** The tree, and all that is the user's, are as they should be; each change was made once, merged once and said to be merged once. */
async function proveMerged({ project, side }: MergeScene, expected: unknown): Promise<void> {
  expect(side()).toEqual(expected);
  const history = await withState(project, (state) => {
    const run = asRunId(state.listRuns()[0]?.id ?? '');
    expect(state.verify(run)).toMatchObject({ ok: true });
    return state.history(run);
  });
  for (const step of ['one', 'two']) {
    const types = history.filter((one) => 'step' in one && one.step === step).map(({ type }) => type);
    expect(types.lastIndexOf('step-started')).toBeLessThan(types.indexOf('change-ready'));
    for (const once of ['change-ready', 'change-merged', 'step-succeeded'])
      expect(types.filter((type) => type === once)).toEqual([once]);
  }
  expect(history.at(-1)).toMatchObject({ type: 'run-finished', status: 'succeeded' });
}

/** Lets the program go on from each copy; what is wrong after one is said with the point at which the copy was made. */
async function goOnFromEach(
  { project }: MergeScene,
  { copies }: Copied,
  goOn: () => Promise<void>,
): Promise<void> {
  for (const copy of copies) {
    const words = `killed at ${path.basename(copy)}, ${pointOf(copy)}`;
    takePlace(project, copy);
    try {
      await goOn();
    } catch (error) {
      throw new Error(words, { cause: error });
    }
    rmSync(copy, { recursive: true });
  }
}

/** Gives how many points there were, at least. */
async function inBothHalves(
  setScene: () => MergeScene,
  prove: (scene: MergeScene, half: Points) => Promise<Copied>,
): Promise<number> {
  const halves = [0, 1].map(async (first) => {
    const scene = setScene();
    const { points } = await prove(scene, { step: 2, first });
    scene.project.remove();
    return points;
  });
  return Math.min(...(await Promise.all(halves)));
}

const LONG = { timeout: 900_000 };

test(
  'killed between the end of an attempt and the end of its run, it is resumed to the same end',
  LONG,
  async () => {
    const points = await inBothHalves(setMergeScene, async (scene, half) => {
      const { project } = scene;
      const before = scene.side();
      const run = await copyAtEach(project, ['run', 'w'], half);
      const expected = scene.side();
      expect({ ...expected, tree: before['tree'], ours: before['ours'] }).toEqual(before);
      expect(scene.begun()).toEqual(['one 1', 'two 1']);
      await proveMerged(scene, expected);
      await goOnFromEach(scene, run, async () => {
        fine(await cli(project, ['resume', '@last']));
        await proveMerged(scene, expected);
      });
      expect(scene.begun().filter((line) => line.startsWith('one'))).toEqual(['one 1']);
      return run;
    });
    expect(points).toBeGreaterThan(100);
  },
);

test('killed while a resume finishes a merge that was cut off, the next one finishes it', LONG, async () => {
  const points = await inBothHalves(setMergeScene, async (scene, half) => {
    const { project } = scene;
    const run = await copyAtEach(project, ['run', 'w'], {});
    const expected = scene.side();
    // Of the last merge: what a resume does after one of the first is what a run does.
    const torn = run.copies.findLast((copy) => pointOf(copy).startsWith('git checkout-index'));
    takePlace(project, torn ?? 'none');
    expect(scene.side()).not.toEqual(expected);
    const resumed = await copyAtEach(project, ['resume', '@last'], { ...half, armed: true });
    await proveMerged(scene, expected);
    await goOnFromEach(scene, resumed, async () => {
      fine(await cli(project, ['resume', '@last']));
      await proveMerged(scene, expected);
    });
    expect(scene.begun()).toEqual(['one 1', 'two 1']);
    return resumed;
  });
  expect(points).toBeGreaterThan(40);
});

test(
  'killed while a change is applied by hand, the tree is as it was, or comes back as it was told',
  LONG,
  async () => {
    const points = await inBothHalves(
      () => setMergeScene('never'),
      async (scene, half) => {
        const { project } = scene;
        fine(await cli(project, ['run', 'w']));
        const before = scene.side();
        const applied = await copyAtEach(project, ['apply', '@last', 'two'], { ...half, armed: true });
        const expected = scene.side();
        expect(expected['tree']).not.toEqual(before['tree']);
        const back = /`codemachine (restore [^`]*)`/.exec(applied.stderr)?.[1]?.split(' ') ?? [];
        await goOnFromEach(scene, applied, async () => {
          const found = project.picture();
          const again = await cli(project, ['apply', '@last', 'two']);
          if (again.code !== 0) {
            // What stands half applied fits no more; nothing is put over it.
            expect(again.stderr).toContain('nothing was changed');
            expect(project.picture()).toEqual(found);
            fine(await cli(project, back));
            expect(scene.side()).toEqual(before);
            fine(await cli(project, ['apply', '@last', 'two']));
          }
          expect(scene.side()).toEqual(expected);
        });
        return applied;
      },
    );
    expect(points).toBeGreaterThan(30);
  },
);

// Each needs a run of its own, so that all of them are for `npm run soak`.
const EVERY = Number(process.env['CODEMACHINE_KILL_EVERY'] || 40);

test(`killed for good at every ${EVERY}th of these points, it comes to the same end`, {
  timeout: 0,
}, async () => {
  const whole = setMergeScene();
  const { points } = await copyAtEach(whole.project, ['run', 'w'], { step: 1_000 });
  const { tree, ours } = whole.side();
  whole.project.remove();
  for (let die = EVERY - 1; die < points; die += EVERY) {
    const scene = setMergeScene();
    const before = scene.side();
    await copyAtEach(scene.project, ['run', 'w'], { die });
    fine(await cli(scene.project, ['resume', '@last']));
    await proveMerged(scene, { ...before, tree, ours });
    scene.project.remove();
  }
});
