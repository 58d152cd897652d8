// Says what agents cost, through the built program.
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, expect, it } from 'vitest';
import type { Usage } from '../../src/model/event.ts';
import { scriptAgent } from '../app/scripted-agent.ts';
import { built } from '../support/built.ts';
import { eventsOf, FINE, projectWith, say } from './project.ts';

beforeAll(built);

const AGENTS = [
  'agents:',
  '  a: { engine: claude-code, access: read, retry: { attempts: 2, delay: 10ms, on: [any] } }',
  'steps:',
  '  - { id: one, agent: a, prompt: x }',
  '  - { id: two, agent: a, prompt: y }',
  '',
].join('\n');

interface Billed extends Usage {
  readonly name?: string;
  readonly attempts: number;
}
interface Printed {
  readonly groups: readonly Billed[];
  readonly total: Billed;
}

it('says the same as run-finished and status, failed attempts included', async () => {
  const project = projectWith({ w: AGENTS, fine: FINE });
  expect(await say(project, 'cost')).toMatchObject({ code: 0, stdout: 'no agent was asked in 0 runs\n' });
  // The first attempt of all dies without a word.
  scriptAgent(project, `[ -e '${project.home}/once' ] || { : > '${project.home}/once'; exit 1; }`);
  const { code, events } = await eventsOf(project, 'run w');
  expect(code).toBe(0);
  await say(project, 'run fine');
  const last = events.at(-1) as unknown as { readonly usage: Usage; readonly run: string };
  const status = JSON.parse((await say(project, `status ${last.run} --json`)).stdout) as { usage: Usage };
  expect(status.usage).toEqual(last.usage);

  const cost = async (line: string): Promise<Printed> =>
    JSON.parse((await say(project, `cost ${line} --json`)).stdout) as Printed;
  const one = await cost(last.run);
  // What nobody knows leaves the sum of a run unknown; a bill says what is known beside how many are not.
  const { usd, ...tokens } = last.usage;
  expect(usd).toBe(null);
  expect(one.total).toMatchObject({
    ...tokens,
    attempts: 3,
    failed: 1,
    usd: 0.02,
    'usd-reported': 0.02,
    'unknown-tokens': 1,
  });
  expect(one.groups.map(({ name, attempts }) => [name, attempts])).toEqual([
    ['one', 2],
    ['two', 1],
  ]);
  const schema = JSON.parse((await say(project, 'schema cost')).stdout) as object;
  const fits = new Ajv2020({ strict: false, allErrors: true }).compile(schema);
  for (const by of ['engine', 'day', 'run']) {
    const all = await cost(`--by ${by}`);
    expect(fits(all), JSON.stringify(fits.errors)).toBe(true);
    expect(all.total).toEqual(one.total);
    const sum = all.groups.reduce((usd, group) => usd + (group.usd ?? 0), 0);
    expect(sum).toBeCloseTo(0.02, 9);
  }
  const people = (await say(project, 'cost')).stdout;
  expect(people).toMatch(/^w +3 +≥ 20 +≥ 0 +≥ 4 +≥ \$0\.0200$/m);
  expect(people).toContain('at least $0.0200: 1 attempt of unknown cost of 3');

  expect((await cost('--since 2999-01-01')).total).toMatchObject({ attempts: 0, usd: 0 });
  expect((await cost('--since 1h')).total.attempts).toBe(3);
  expect((await cost('--last 1')).total.attempts).toBe(0);
  expect(await say(project, 'cost --since soon')).toMatchObject({ code: 2, stdout: '' });
});

it('tells what was computed from prices from what was reported', async () => {
  const step = '{ id: a, prompt: x, engine: codex, model: m, access: read }';
  const project = projectWith({ w: `steps:\n  - ${step}\n` });
  const lines = [
    { type: 'thread.started', thread_id: 't' },
    { type: 'item.completed', item: { id: 'i', type: 'agent_message', text: 'done' } },
    { type: 'turn.completed', usage: { input_tokens: 1_000_000, cached_input_tokens: 0, output_tokens: 0 } },
  ].map((line) => `echo '${JSON.stringify(line)}'`);
  project.write('../codex.sh', `cat > /dev/null\n${lines.join('\n')}\n`);
  const engine = `engines:\n  codex: { command: [sh, ${path.join(project.base, 'codex.sh')}] }\n`;
  project.write('.codemachine/config.yml', engine);
  expect((await say(project, 'run w')).code).toBe(0);
  expect((await say(project, 'cost')).stdout).toMatch(/^w +1 +1,000,000 +0 +0 +unknown$/m);
  project.write('.codemachine/config.yml', `${engine}prices: { m: { input: 3, output: 15 } }\n`);
  expect((await say(project, 'run w')).code).toBe(0);
  expect(JSON.parse((await say(project, 'cost @last --json')).stdout)).toMatchObject({
    total: { usd: 3, 'usd-reported': 0, 'usd-from-prices': 3, 'unknown-cost': 0 },
  });
  const all = (await say(project, 'cost --by engine')).stdout;
  expect(all).toContain('$3.00 of it computed from `prices`');
  expect(all).toMatch(/^codex, m +2 +2,000,000 +0 +0 +≥ \$3\.00$/m);
});
