// Kills one run again and again, resumes it to its end, and proves that nothing was lost or done twice.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Milestone } from '../../src/model/event.ts';
import type { RunId } from '../../src/model/ids.ts';
import type { JsonObject } from '../../src/model/result.ts';
import { onlyRun, type Project, withState } from '../support/repository.ts';
import type { Draw } from './draw.ts';
import { type Life, live } from './life.ts';
import { describePlan, drawPlan, type Plan } from './moment.ts';
import { holding, until } from './processes.ts';
import { LIFE_VARIABLE, type Scene, STEPS, setScene } from './scene.ts';
import type { Call } from './switchboard.ts';

/** What a run comes to. */
export interface Ending {
  readonly tree: Record<string, string>;
  readonly outputs: JsonObject;
}

/** What a series of kills came to. */
export interface Series {
  readonly ending: Ending;
  /** Signals that were sent. */
  readonly kills: number;
  /** Those that found the runner alive and the run unfinished. */
  readonly live: number;
  /** For each of the latter, the kind of its moment. */
  readonly moments: readonly string[];
  /** How many children were begun, and how many of them by a host. */
  readonly begun: number;
  readonly hosted: number;
}

/**
 * Starts a run, `wide` or not, and kills it at most `most` times.
 * Throws where a promise is broken; the error names every moment, and the repository is kept.
 */
export async function killSeries(draw: Draw, most: number, wide = false): Promise<Series> {
  const scene = await setScene(wide);
  const story: string[] = [];
  try {
    const series = await tell(scene, draw, most, story);
    await scene.close();
    return series;
  } catch (error) {
    await scene.board.close();
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`${scene.project.base} after ${story.join(' / ')}: ${why}`);
  }
}

async function tell(scene: Scene, draw: Draw, most: number, story: string[]): Promise<Series> {
  const { project } = scene;
  const mine = userFiles(project);
  const heard: Milestone[] = [];
  const moments: string[] = [];
  let kills = 0;
  let run: RunId | undefined;
  let straggler: Call | undefined;
  for (let number = 1; ; number++) {
    const plan = kills < most ? drawPlan(draw) : undefined;
    story.push(plan === undefined ? 'to the end' : describePlan(plan));
    const life = await live(scene, draw, {
      args: run === undefined ? ['run', 'graph', '--json'] : ['resume', run, '--json'],
      name: nameOf(project, number),
      plan,
      onOpen: () => {
        // A git that outlived the runner goes on now, if it still can: it must not touch what this one does.
        straggler?.release();
        assert.deepEqual(holding(`${LIFE_VARIABLE}=${nameOf(project, number - 1)}\0`), []);
      },
    });
    heard.push(...life.heard);
    run ??= await onlyRun(project);
    const { history, seen } = await lookAt(project, run);
    for (const milestone of life.heard)
      assert.deepEqual(seen.get(milestone.seq), milestone, 'shown, not stored');
    if (life.signal !== 'SIGKILL') {
      assert.equal(life.code, 0, `${life.stdout.slice(-2000)}\n${life.stderr}`);
      break;
    }
    kills++;
    straggler = life.straggler;
    if (history.at(-1)?.type !== 'run-finished') moments.push(plan?.moment.at ?? '');
    if (plan !== undefined && !plan.hurry) await allGone(run, life, plan);
  }
  await allGone(run, undefined, undefined);
  assert.deepEqual(userFiles(project), mine, "the user's HEAD, branch or index was touched");
  const ending = await prove(scene, run);
  return {
    ending,
    kills,
    live: moments.length,
    moments,
    begun: scene.begun().length,
    hosted: scene.hosted(),
  };
}

/** Two series at the same time must not take each other's children for their own. */
function nameOf(project: Project, number: number): string {
  return `${path.basename(project.base)}-${number}`;
}

async function lookAt(
  project: Project,
  run: RunId,
): Promise<{ history: readonly Milestone[]; seen: ReadonlyMap<number, Milestone> }> {
  const history = await withState(project, (state) => {
    const whole = state.verify(run);
    assert.ok(whole.ok, 'the journal does not verify');
    return state.history(run);
  });
  return { history, seen: new Map(history.map((one) => [one.seq, one])) };
}

/** The watcher of a dead runner ends its children, without anybody's help. */
async function allGone(run: RunId, life: Life | undefined, plan: Plan | undefined): Promise<void> {
  const left = (): readonly string[] => holding(`;${run}.`);
  await until(
    () => left().length === 0,
    () =>
      `children outlived the runner (${plan === undefined ? 'end' : describePlan(plan)}): ${left().join('; ')}`,
  );
  // Not one that escaped the look by its environment either: its connection would still be open.
  await Promise.all(life?.left.map((call) => call.gone) ?? []);
}

/** What the user has in git, byte for byte. */
function userFiles(project: Project): Record<string, string> {
  const files = ['HEAD', 'index', 'refs/heads/main', 'config'];
  return Object.fromEntries(
    files.map((file) => [file, readFileSync(path.join(project.root, '.git', file), 'latin1')]),
  );
}

/** Compares what was really begun with what the journal says. */
async function prove(scene: Scene, run: RunId): Promise<Ending> {
  const { history } = await lookAt(scene.project, run);
  const succeeded = new Map<string, number>();
  for (const milestone of history) {
    if (milestone.type === 'step-started')
      assert.ok(!succeeded.has(milestone.step), `${milestone.step} was started after it had succeeded`);
    if (milestone.type !== 'step-succeeded') continue;
    assert.ok(!succeeded.has(milestone.step), `${milestone.step} succeeded twice`);
    succeeded.set(milestone.step, milestone.attempt);
  }
  assert.equal(succeeded.size, STEPS + 1);
  const begun = scene.begun();
  assert.equal(new Set(begun).size, begun.length, 'an attempt was begun twice');
  for (const line of begun) {
    const [step = '', attempt = ''] = line.split(' ');
    assert.ok(Number(attempt) <= (succeeded.get(step) ?? 0), `${line} was begun after success`);
  }
  const last = history.at(-1);
  assert.ok(last?.type === 'run-finished' && last.status === 'succeeded');
  return { tree: scene.project.picture(), outputs: last.outputs };
}
