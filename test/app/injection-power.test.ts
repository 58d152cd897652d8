// Shows that data cannot choose what is done: keys that take none refuse it, those that take it carry it as a value.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { built } from '../support/built.ts';
import { eventsOf } from '../support/cli.ts';
import { of } from '../support/event-check.ts';
import { workflowOf, worldAt } from '../workflow/fixtures.ts';
import { enoughTried, injectionPlace, pairs, same } from './injection-rig.ts';
import { recordingEngines } from './recording-engine.ts';

// A soak tries twice as many, and a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 });

beforeAll(built);
afterAll(enoughTried);

const fence = (inner: string): string => `\${{ ${inner} }}`;

/** Data from outside of the file, and what is made from it. */
const DATA = [
  ...[
    'inputs.text',
    'steps.first.stdout',
    'steps.first.outputs.v',
    'steps.first.status',
    'env.E',
    'secrets.S',
  ],
  ...[
    'github.event.issue.title',
    'github.head_ref',
    'github.actor',
    'git.branch',
    'matrix.v',
    'workflow.path',
  ],
  ...[
    "format('{0}', inputs.text)",
    'toJSON(inputs)',
    "inputs['text']",
    "inputs.text || 'x'",
    'join(inputs.list)',
  ],
  ...['fromJSON(inputs.text)', 'inputs.list[0]', 'inputs.list.*.a', "case(true, inputs.text, 'x')"],
];

/** A step in which `data` stands at a key that decides what is done. */
const KEYS: Readonly<Record<string, (data: string) => object>> = {
  run: (data) => ({ run: `echo ${data}` }),
  shell: (data) => ({ run: 'true', shell: `bash ${data} {0}` }),
  setup: (data) => ({
    ...AGENT,
    workspace: { mode: 'isolated', setup: data },
  }),
  'on-conflict checks': (data) => ({
    ...AGENT,
    workspace: { mode: 'isolated', 'on-conflict': { agent: 'coder', checks: [data] } },
  }),
  'reduce checks': (data) => ({ reduce: { from: 'fan', mode: 'best-of', agent: 'coder', checks: [data] } }),
  'mcp command': (data) => ({ ...AGENT, mcp: { one: { command: data } } }),
  'mcp args': (data) => ({ ...AGENT, mcp: { one: { command: 'node', args: [data] } } }),
  'mcp env': (data) => ({ ...AGENT, mcp: { one: { command: 'node', env: { V: data } } } }),
  'mcp url': (data) => ({ ...AGENT, mcp: { one: { url: `http://localhost/${data}` } } }),
  'tools allow': (data) => ({ ...AGENT, tools: { allow: [data] } }),
  'tools deny': (data) => ({ ...AGENT, tools: { deny: [data] } }),
  access: (data) => ({ ...AGENT, access: data }),
  effort: (data) => ({ ...AGENT, effort: data }),
  network: (data) => ({ ...AGENT, network: data }),
  session: (data) => ({ ...AGENT, session: { continue: data } }),
  agent: (data) => ({ prompt: 'x', agent: data }),
  engine: (data) => ({ prompt: 'x', access: 'read', engine: data }),
  'prompt-file': (data) => ({ engine: 'claude-code', access: 'read', 'prompt-file': data }),
  uses: (data) => ({ uses: data }),
  copy: (data) => ({ ...AGENT, workspace: { mode: 'isolated', copy: [data] } }),
  link: (data) => ({ ...AGENT, workspace: { mode: 'isolated', link: [data] } }),
  'cache inputs': (data) => ({ run: 'true', cache: { inputs: [data] } }),
  'cache env': (data) => ({ run: 'true', cache: { env: [data] } }),
  'budget usd': (data) => ({ ...AGENT, budget: { usd: data } }),
  timeout: (data) => ({ run: 'true', timeout: data }),
  outputs: (data) => ({ run: 'true', outputs: { x: data } }),
  'loop max': (data) => ({ loop: { max: data, until: true, steps: [{ run: 'true' }] } }),
  PATH: (data) => ({ run: 'true', env: { PATH: data } }),
  LD_PRELOAD: (data) => ({ run: 'true', env: { LD_PRELOAD: data } }),
  BASH_ENV: (data) => ({ run: 'true', env: { BASH_ENV: data } }),
  NODE_OPTIONS: (data) => ({ run: 'true', env: { NODE_OPTIONS: `--max-old-space-size=1 ${data}` } }),
  HOME: (data) => ({ ...AGENT, env: { HOME: data } }),
  https_proxy: (data) => ({ run: 'true', env: { https_proxy: data } }),
  ANTHROPIC_BASE_URL: (data) => ({ ...AGENT, env: { ANTHROPIC_BASE_URL: `https://${data}` } }),
  npm_config_registry: (data) => ({ run: 'true', env: { npm_config_registry: data } }),
  CODEMACHINE_OUTPUT: (data) => ({ run: 'true', env: { CODEMACHINE_OUTPUT: data } }),
  GIT_SSH_COMMAND: (data) => ({ ...AGENT, env: { GIT_SSH_COMMAND: data } }),
};

const REFUSALS = ['data-in-run', 'data-in-variable', 'engine-from-data', 'static-key'];

const AGENT = { engine: 'claude-code', access: 'write', prompt: 'Do it.' };

it('data stands at no key that decides what is done', async () => {
  const accepted: string[] = [];
  for (const [key, step] of Object.entries(KEYS)) {
    for (const data of DATA) {
      const matrix = data === 'matrix.v' ? { matrix: { v: fence('inputs.list') } } : {};
      const file = {
        name: 'w',
        inputs: { text: { type: 'string' }, list: { type: 'json' } },
        env: { E: fence('inputs.text') },
        secrets: ['S'],
        agents: { coder: { engine: 'claude-code', access: 'write' } },
        steps: [
          { id: 'first', run: 'echo', outputs: { v: 'string' } },
          { id: 'fan', ...AGENT, matrix: { n: [1, 2] }, workspace: 'isolated' },
          { ...step(fence(data)), ...matrix },
        ],
      };
      const { diagnostics } = await workflowOf({ path: 'w.yml', text: JSON.stringify(file) }, worldAt('.'));
      if (!diagnostics.some(({ code }) => REFUSALS.includes(code))) accepted.push(`${key}: ${data}`);
    }
    pairs[`refused at ${key}, each way of writing data`] = DATA.length;
  }
  expect(accepted).toEqual([]);
});

const BASH = 'for ((i = 0; i < COUNT; i++)); do v=V$i; printf %s "${!v}" > "$OUT/$CODEMACHINE_STEP.$i"; done';

/** A variable for each text, and how many there are. */
const variables = (texts: readonly string[], value: (i: number) => string): object => ({
  COUNT: texts.length,
  ...Object.fromEntries(texts.map((_, i) => [`V${i}`, fence(value(i))])),
});

describe('data is a value', () => {
  it('in directories, globs, names of groups and hashes', async () => {
    const place = injectionPlace({
      w: `
inputs: { list: { type: json, required: true } }
steps:
  - id: directory
    matrix: { v: "${fence('inputs.list')}" }
    needs: []
    run: pwd -P > "$OUT/$CODEMACHINE_STEP"
    working-directory: "${fence('matrix.v')}"
    continue-on-error: true
    retry: { attempts: 1 }
  - id: artifact
    matrix: { v: "${fence('inputs.list')}" }
    needs: []
    run: "true"
    artifacts: "${fence('matrix.v')}"
    concurrency: "group-${fence('matrix.v')}"
    env: { H: "${fence('hashFiles(matrix.v)')}" }
    continue-on-error: true
    retry: { attempts: 1 }
`,
    });
    const texts = place.texts('place', 'few');
    const ran = await place.run(['run', 'w', '--json', '--inputs', place.inputs({ list: texts })]);
    expect(ran.code, ran.stderr.slice(-2000)).toBe(0);
    const events = eventsOf(ran.stdout);
    const [directories] = of(events, 'matrix-expanded');
    for (const key of directories?.instances ?? []) {
      const entered = place.reached(key)?.toString();
      if (entered !== undefined) expect(entered.startsWith(place.project.root), entered).toBe(true);
    }
    const reasons = new Set(of(events, 'step-failed').map(({ failure }) => failure.reason));
    expect([...reasons].filter((one) => !['config', 'artifacts', 'condition'].includes(one))).toEqual([]);
    for (const sink of ['working-directory', 'artifacts', 'concurrency', 'hashFiles'])
      place.nothingRan(`${sink}, one instance each`, texts.length);
  });

  it('in a used workflow, the setup of a worktree, the checks of a choice', async () => {
    const place = injectionPlace({});
    const texts = place.texts('part');
    const { project } = place;
    const verdict = { winner: 'A', scores: { A: 1, B: 1 }, reasons: { A: 'x', B: 'x' } };
    const engines = recordingEngines(project, { 0: 'done', 1: 'done', judge: JSON.stringify(verdict) });
    const part = {
      name: 'part',
      inputs: { list: { type: 'json' } },
      steps: [{ id: 'told', run: BASH, env: variables(texts, (i) => `inputs.list[${i}]`) }],
    };
    const write = BASH.replace('$CODEMACHINE_STEP', 'setup');
    const check = BASH.replace('$CODEMACHINE_STEP', 'check');
    const env = variables(texts, (i) => `inputs.list[${i}]`);
    const steps = [
      { id: 'part', uses: './part.yml', with: { list: fence('inputs.list') } },
      {
        ...{ id: 'fix', ...AGENT, matrix: { n: [0, 1] }, env: { ...env, N: fence('matrix.n') } },
        workspace: { mode: 'isolated', setup: write },
      },
      {
        id: 'pick',
        reduce: {
          from: 'fix',
          mode: 'best-of',
          agent: 'judge',
          rubric: fence('inputs.rubric'),
          checks: [check],
        },
        env,
      },
    ];
    const agents = { judge: { engine: 'claude-code', access: 'read', env: { N: 'judge' } } };
    const inputs = { list: { type: 'json', required: true }, rubric: { type: 'string' } };
    const at = '.codemachine/workflows';
    project.write(`${at}/part.yml`, JSON.stringify(part));
    project.write(`${at}/w.yml`, JSON.stringify({ name: 'w', inputs, agents, steps }));
    project.git('add', '-A');
    project.git('commit', '-qm', 'parts');
    const rubric = `/init\n${texts.join('\n')}`;
    const ran = await place.run(['run', 'w', '--json', '--inputs', place.inputs({ list: texts, rubric })]);
    expect(ran.code, ran.stderr.slice(-3000)).toBe(0);
    for (const [sink, name] of [
      ['uses with', 'part.told'],
      ['setup', 'setup'],
      ['checks', 'check'],
    ] as const) {
      same(
        texts.map((_, i) => place.reached(`${name}.${i}`)),
        texts,
      );
      place.nothingRan(sink, texts.length);
    }
    const judge = engines.started('judge');
    expect(judge?.stdin.toString()).toContain(rubric);
    expect(judge?.stdin.toString()).not.toMatch(/^\//);
    expect(judge?.argv.join(' ')).not.toContain('canary-');
    place.nothingRan('rubric, prompt of a judge', texts.length);
  });

  it('is no choice that a used workflow does not give', async () => {
    const at = '.codemachine/workflows';
    const part = `
name: part
inputs: { who: { type: choice, options: [one, two], required: true } }
steps: [{ run: 'printf %s "$WHO" >> "$OUT/chosen"', env: { WHO: "${fence('inputs.who')}" } }]
`;
    const place = injectionPlace(
      {
        w: `
inputs: { list: { type: json, required: true } }
steps:
  - matrix: { v: "${fence('inputs.list')}" }
    uses: ./part.yml
    with: { who: "${fence('matrix.v')}" }
    continue-on-error: true
`,
      },
      { [`${at}/part.yml`]: part },
    );
    const texts = place.texts('choice', 'few');
    const inputs = place.inputs({ list: [...texts, 'one'] });
    const ran = await place.run(['run', 'w', '--json', '--inputs', inputs]);
    const failed = of(eventsOf(ran.stdout), 'step-failed').filter(({ step }) => step.includes('['));
    expect(failed).toHaveLength(texts.length);
    expect(place.reached('chosen')?.toString()).toBe('one');
    place.nothingRan('choice of a used workflow, one instance each', texts.length);
  });
});
