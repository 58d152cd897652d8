// Shows that nothing a dead runner has started goes on beside the next one.
import { expect, test } from 'vitest';
import { startCli } from '../support/cli.ts';
import { onlyRun } from '../support/repository.ts';
import { drawing } from './draw.ts';
import { LIFE_VARIABLE, type Scene, setScene } from './scene.ts';
import { killSeries } from './series.ts';
import type { Call } from './switchboard.ts';

/** Runs until `wanted` calls, which is not let go; everybody else is. */
async function untilCall(
  scene: Scene,
  args: readonly string[],
  life: string,
  wanted: (call: Call) => boolean,
): Promise<{ call: Call; runner: ReturnType<typeof startCli> }> {
  const found = new Promise<Call>((resolve) => {
    scene.board.onCall = (call) => {
      if (wanted(call)) resolve(call);
      else call.release();
    };
  });
  const PATH = `${scene.askingGit}:${scene.project.environ.PATH}`;
  const runner = startCli(scene.project, args, { env: { PATH, [LIFE_VARIABLE]: life } });
  return { call: await found, runner };
}

async function kill({ runner }: { runner: ReturnType<typeof startCli> }): Promise<void> {
  runner.child.kill('SIGKILL');
  await runner.ended;
}

test('a git that was undoing when its runner was killed does not go on under the next attempt', async () => {
  const undisturbed = (await killSeries(drawing(1), 0)).ending;
  const scene = await setScene();
  const half = (call: Call): boolean => call.what.startsWith('edit-one') && call.what.endsWith('half');
  await kill(await untilCall(scene, ['run', 'graph'], 'first', half));
  const run = await onlyRun(scene.project);
  const undoing = await untilCall(scene, ['resume', run], 'second', (call) =>
    call.what.includes('checkout-index'),
  );
  await kill(undoing);
  const third = await untilCall(scene, ['resume', run], 'third', half);
  // It would write now what was there before the attempt; it must be gone, or this lets it go on.
  undoing.call.release();
  await undoing.call.gone;
  third.call.release();
  expect((await third.runner.ended).code).toBe(0);
  expect(scene.project.picture()).toEqual(undisturbed.tree);
  await scene.close();
});
