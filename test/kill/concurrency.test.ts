// Shows with processes of their own that runs of a group, and steps of a name, do not overlap; that who dies is in nobody's way.
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import type { RunId } from '../../src/model/ids.ts';
import { type Cli, cli, startCli } from '../support/cli.ts';
import { makeProject, type Project, withState } from '../support/repository.ts';
import { openRig, type Rig } from '../support/rig.ts';
import { until } from './processes.ts';

let project: Project;
let rig: Rig;
/** Another checkout with the same state. */
let beside: string;

beforeEach(async () => {
  rig = await openRig();
  project = makeProject({
    'a.txt': 'a\n',
    ...Object.fromEntries(['one', 'two'].map((name) => [`${name}.yml`, stepOf(name)])),
    ...Object.fromEntries(['queue', 'fail', 'cancel-previous'].map((way) => [`${way}.yml`, groupOf(way)])),
  });
  beside = path.join(project.base, 'beside');
  project.git('worktree', 'add', '-q', beside);
});

afterEach(async () => {
  await rig.close();
  project.remove();
});

const stepOf = (name: string): string =>
  `name: ${name}\nsteps:\n  - id: ${name}\n    concurrency: deploy\n    run: ${rig.script(name)}\n  - run: echo after\n`;

const groupOf = (way: string): string =>
  `name: ${way}\nconcurrency: { group: all, on-conflict: ${way} }\nsteps:\n  - id: work\n    run: ${rig.script('work')}\n`;

const runs = () => withState(project, (state) => state.listRuns());
const history = (run: RunId): Promise<readonly Milestone[]> =>
  withState(project, (state) => state.history(run));

/** What was said to people until now. */
function saying(of: Cli): { text(): string } {
  let text = '';
  of.child.stderr?.on('data', (more: string) => {
    text += more;
  });
  return { text: () => text };
}

test('a step waits for one of the same name in another run, and says for whom', async () => {
  const first = startCli(project, ['run', 'one.yml', '--json']);
  const working = await rig.child('one');
  const second = startCli(project, ['run', 'two.yml', '--json'], { cwd: beside });
  let waiting: Milestone | undefined;
  await until(
    async () => {
      const other = (await runs()).find(({ name }) => name === 'two');
      waiting = other && (await history(other.id)).find(({ type }) => type === 'step-waiting');
      return waiting !== undefined;
    },
    () => 'nobody waits',
  );
  const run = (await runs()).find(({ name }) => name === 'one')?.id;
  expect(waiting).toMatchObject({ concurrency: 'deploy', 'held-by': { run, step: 'one' } });
  expect((await cli(project, ['status', String(waiting?.run)])).stdout).toContain(
    `waits for one of run ${run}`,
  );
  await working.exit(0);
  await (await rig.child('two')).exit(0);
  expect((await first.ended).code).toBe(0);
  expect((await second.ended).code).toBe(0);
});

test('a holder that is killed is in nobody’s way', async () => {
  const first = startCli(project, ['run', 'one.yml', '--json']);
  await rig.child('one');
  const second = startCli(project, ['run', 'two.yml', '--json'], { cwd: beside });
  await until(
    async () => {
      const other = (await runs()).find(({ name }) => name === 'two');
      return other !== undefined && (await history(other.id)).some(({ type }) => type === 'step-waiting');
    },
    () => 'nobody waits',
  );
  process.kill(first.pid, 'SIGKILL');
  await (await rig.child('two')).exit(0);
  expect((await second.ended).code).toBe(0);
  await first.ended;
});

test('a run of the same group waits its turn, in the same checkout too', async () => {
  const first = startCli(project, ['run', 'queue.yml', '--json']);
  const working = await rig.child('work');
  const second = startCli(project, ['run', 'queue.yml', '--json']);
  const heard = saying(second);
  await until(
    () => heard.text().includes('of the same group `all`'),
    () => 'nobody waits',
  );
  const [waits, works] = (await runs()).map(({ id }) => id);
  expect((await cli(project, ['runs'])).stdout).toContain(`waiting for ${works} `);
  expect((await cli(project, ['status', String(waits)])).stdout).toContain(`waiting for ${works}\n`);
  const third = startCli(project, ['run', 'queue.yml', '--json'], { cwd: beside });
  const last = saying(third);
  await until(
    () => last.text().includes('and for 1 more'),
    () => 'nobody waits',
  );
  third.child.kill('SIGINT');
  const left = await third.ended;
  expect(left.code).toBe(130);
  expect(left.stderr).toContain('waits no longer; nothing was started');
  expect(await runs()).toHaveLength(2);
  await working.exit(0);
  expect((await first.ended).code).toBe(0);
  await (await rig.child('work')).exit(0);
  expect((await second.ended).code).toBe(0);
});

test('one that waits can be canceled, and one that was killed is not waited for', async () => {
  const first = startCli(project, ['run', 'queue.yml', '--json']);
  await rig.child('work');
  const second = startCli(project, ['run', 'queue.yml', '--json']);
  const heard = saying(second);
  await until(
    () => heard.text().includes('of the same group'),
    () => 'nobody waits',
  );
  const waiting = (await runs()).find(({ status }) => status === 'new');
  expect((await cli(project, ['cancel', String(waiting?.id)])).code).toBe(0);
  expect((await second.ended).code).toBe(4);
  const third = startCli(project, ['run', 'queue.yml', '--json'], { cwd: beside });
  const last = saying(third);
  await until(
    () => last.text().includes('of the same group'),
    () => 'nobody waits',
  );
  process.kill(first.pid, 'SIGKILL');
  await (await rig.child('work')).exit(0);
  expect((await third.ended).code).toBe(0);
  await first.ended;
});

test('`fail` names the run that goes on, and leaves nothing behind', async () => {
  const first = startCli(project, ['run', 'fail.yml', '--json']);
  const working = await rig.child('work');
  const [run] = await runs();
  const second = await cli(project, ['run', 'fail.yml', '--json'], { cwd: beside });
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(`run ${run?.id} goes on, and runs of the group \`all\` do not overlap`);
  expect(await runs()).toHaveLength(1);
  await working.exit(0);
  expect((await first.ended).code).toBe(0);
});

test('`cancel-previous` ends the older one, then begins', async () => {
  const first = startCli(project, ['run', 'cancel-previous.yml', '--json']);
  await rig.child('work');
  const second = startCli(project, ['run', 'cancel-previous.yml', '--json']);
  expect((await first.ended).code).toBe(4);
  await (await rig.child('work')).exit(0);
  expect((await second.ended).code).toBe(0);
});

test('a run that is resumed gets in line again', async () => {
  const first = startCli(project, ['run', 'queue.yml', '--json']);
  await rig.child('work');
  const [run] = await runs();
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  const second = startCli(project, ['run', 'queue.yml', '--json'], { cwd: beside });
  const working = await rig.child('work');
  const resumed = startCli(project, ['resume', String(run?.id), '--json']);
  const heard = saying(resumed);
  await until(
    () => heard.text().includes('of the same group'),
    () => 'nobody waits',
  );
  await working.exit(0);
  expect((await second.ended).code).toBe(0);
  await (await rig.child('work')).exit(0);
  expect((await resumed.ended).code).toBe(0);
});
