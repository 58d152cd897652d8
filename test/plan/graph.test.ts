import { describe, expect, test } from 'vitest';
import type { MilestoneBody } from '../../src/model/event.ts';
import { foldAll } from '../../src/model/fold.ts';
import { asRunId, asStepId, asStepKey as key } from '../../src/model/ids.ts';
import { standingsOf } from '../../src/model/standing.ts';
import { type GraphFormat, graph } from '../../src/plan/graph.ts';
import { planWorkflow } from '../../src/plan/plan.ts';
import { agent, gate, shell, text, workflow } from './steps.ts';

const milestones = (bodies: readonly MilestoneBody[]) =>
  foldAll(
    bodies.map((body, seq) => ({
      ...{ v: 1 as const, seq, at: '2026-11-20T14:15:03.000Z', run: asRunId('20261120-141503-k7qd') },
      ...body,
    })),
  );
const begun = (step: string, kind: string): MilestoneBody => ({
  ...{ type: 'step-started', step: key(step), attempt: 1, kind, workspace: 'shared' },
});
const failed = (step: string): MilestoneBody => ({
  ...{ type: 'step-failed', step: key(step), attempt: 1, final: true },
  failure: { reason: 'exit-code', message: 'm' },
});

const at = { start: 0, end: 0 };
const flow = workflow(
  [
    shell(0, 'issue', []),
    agent(1, 'plan', ['issue'], { access: 'read', model: text('opus'), agent: 'planner' }),
    agent(2, 'code', ['plan'], {
      engines: ['codex', 'claude-code'],
      if: { text: "steps.plan.text != ''", at },
    }),
    shell(3, 'lint', ['issue'], {
      timeoutMs: 90_000,
      retry: { attempts: 2, delayMs: 1, backoff: 'fixed', maxDelayMs: 1, on: [] },
    }),
    agent(4, 'ship', ['code', 'lint'], { access: 'full', undo: false, continueOnError: true }),
  ],
  { name: 'fix "it" <now>', finally: [shell(5, 'tidy', [])] },
);
const { plan } = planWorkflow(flow);
if (plan === undefined) throw new Error('no plan');

describe('a gate', () => {
  const gated = workflow([shell(0, 'build', []), gate(1, 'ask', ['build']), shell(2, 'ship', ['ask'])]);
  const planned = planWorkflow(gated).plan;
  if (planned === undefined) throw new Error('no plan');
  const shown = (format: GraphFormat) => graph(planned, gated, format);

  test('says what is asked, and who need not be', () => {
    expect(shown('text')).toContain(
      '  ask    gate: asks for ship or hold · requires true · passes if inputs.force · hold after 1h\n',
    );
    const { steps } = JSON.parse(shown('json')) as { steps: Record<string, object> };
    expect(steps['ask']).toMatchObject({
      kind: 'gate',
      message: 'Ship it?',
      show: ['diff', 'steps.build.stdout'],
      options: ['ship', 'hold'],
      fields: ['why'],
      'timeout-ms': 3_600_000,
      'on-timeout': 'hold',
      'approve-if': 'inputs.force',
      require: 'true',
    });
  });

  test('has a shape of its own', () => {
    expect(shown('mermaid')).toContain('  s1{{"ask<br>ship, hold"}}\n');
    expect(shown('dot')).toContain('  s1 [label="ask\\nship, hold", shape=hexagon];\n');
  });
});

describe('graph', () => {
  test('text shows batches, engines, access and what a writer holds back', () => {
    expect(graph(plan, flow, 'text', { emphasize: (full) => `<${full}>` })).toMatchInlineSnapshot(`
      "fix "it" <now>: 5 steps in 4 batches

      batch 1
        issue  run

      batch 2
        plan   prompt (planner) · claude-code · model opus · read
        lint   run · needs issue · 2 attempts · timeout 1m30s

      batch 3
        code   prompt · codex, else claude-code · write · if steps.plan.text != '' · runs alone, holding back lint

      batch 4
        ship   prompt · claude-code · <FULL ACCESS, no sandbox> · never undone · needs code, lint · may fail

      finally, whatever happened
        tidy   run

      longest path: issue → plan → code → ship
      "
    `);
  });

  test('json has the shape of the contract', () => {
    expect(JSON.parse(graph(plan, flow, 'json'))).toMatchInlineSnapshot(`
      {
        "batches": [
          [
            "issue",
          ],
          [
            "plan",
            "lint",
          ],
          [
            "code",
          ],
          [
            "ship",
          ],
        ],
        "critical-path": [
          "issue",
          "plan",
          "code",
          "ship",
        ],
        "finally": [
          "tidy",
        ],
        "steps": {
          "code": {
            "access": "write",
            "attempts": 3,
            "batch": 2,
            "engine": [
              "codex",
              "claude-code",
            ],
            "if": "steps.plan.text != ''",
            "kind": "prompt",
            "needs": [
              "plan",
            ],
            "timeout-ms": 3600000,
          },
          "issue": {
            "attempts": 1,
            "batch": 0,
            "kind": "run",
            "needs": [],
          },
          "lint": {
            "attempts": 2,
            "batch": 1,
            "kind": "run",
            "needs": [
              "issue",
            ],
            "timeout-ms": 90000,
          },
          "plan": {
            "access": "read",
            "agent": "planner",
            "attempts": 3,
            "batch": 1,
            "engine": [
              "claude-code",
            ],
            "kind": "prompt",
            "model": "opus",
            "needs": [
              "issue",
            ],
            "timeout-ms": 3600000,
          },
          "ship": {
            "access": "full",
            "attempts": 3,
            "batch": 3,
            "continue-on-error": true,
            "engine": [
              "claude-code",
            ],
            "kind": "prompt",
            "needs": [
              "code",
              "lint",
            ],
            "timeout-ms": 3600000,
            "undo": "never",
          },
          "tidy": {
            "attempts": 1,
            "finally": true,
            "kind": "run",
            "needs": [],
          },
        },
        "workflow": "fix "it" <now>",
      }
    `);
  });

  test('mermaid names nothing that the text could break out of', () => {
    expect(graph(plan, flow, 'mermaid')).toMatchInlineSnapshot(`
      "flowchart TD
        s0["issue"]
        s1(["plan<br>claude-code · opus · read"])
        s2(["code<br>codex, claude-code · write"])
        s3["lint"]
        s4(["ship<br>claude-code · full"])
        f0["tidy"]
        s0 --> s1
        s1 --> s2
        s0 --> s3
        s2 --> s4
        s3 --> s4
        s4 --> f0
        classDef full stroke:#d00,stroke-width:3px
        class s4 full
        classDef write stroke-width:2px
        class s2 write
      "
    `);
    const evil = workflow([agent(0, 'a', [], { engines: ['x"]; click s0 "evil" #quot;'] })]);
    const drawn = graph(planWorkflow(evil).plan ?? plan, evil, 'mermaid');
    expect(drawn).toContain('(["a<br>x#34;]#59; click s0 #34;evil#34; #35;quot#59; · write"])');
  });

  test('dot quotes what it must', () => {
    expect(graph(plan, flow, 'dot')).toMatchInlineSnapshot(`
      "digraph "fix \\"it\\" <now>" {
        node [shape=box];
        s0 [label="issue"];
        s1 [label="plan\\nclaude-code · opus · read", style=rounded];
        s2 [label="code\\ncodex, claude-code · write", style=rounded];
        s3 [label="lint"];
        s4 [label="ship\\nclaude-code · full", style=rounded, color=red, penwidth=2];
        f0 [label="tidy"];
        s0 -> s1;
        s1 -> s2;
        s0 -> s3;
        s2 -> s4;
        s3 -> s4;
        s4 -> f0;
      }
      "
    `);
  });
});

describe('a drawn run', () => {
  const loop = milestones([
    { type: 'run-started', workflow: 'w', path: 'w.yml', sha256: '', inputs: {}, attempt: 1 },
    begun('issue', 'run'),
    { type: 'step-succeeded', step: key('issue'), attempt: 1, 'duration-ms': 1 },
    begun('plan', 'prompt'),
    failed('plan'),
    { type: 'step-blocked', step: key('code'), because: 'plan failed' },
    { type: 'step-skipped', step: key('lint'), because: 'if' },
    { type: 'step-canceled', step: key('tidy'), because: 'canceled' },
    { type: 'gate-opened', step: key('ship'), message: 'm', options: ['yes'], digest: '' },
    { type: 'run-parked', reason: 'gate', resume: '' },
  ]);

  test('says of each step how it stands, by a sign and by a colour', () => {
    const drawn = graph(plan, flow, 'mermaid', { standingOf: standingsOf(loop) });
    for (const line of [
      's0["✔ issue"]',
      'class s0 succeeded',
      'class s1 failed',
      'class s2 blocked',
      'class s3 skipped',
      'class s4 parked',
      'class f0 canceled',
    ])
      expect(drawn).toContain(`  ${line}\n`);
  });

  test('shows of a loop its last iteration, and of a matrix its worst instance', () => {
    const { steps, status } = milestones([
      { type: 'run-started', workflow: 'w', path: 'w.yml', sha256: '', inputs: {}, attempt: 1 },
      begun('fix', 'loop'),
      begun('fix[1].test', 'run'),
      failed('fix[1].test'),
      { type: 'loop-decided', step: key('fix'), iteration: 1, again: true },
      begun('fix[2].test', 'run'),
      { type: 'step-succeeded', step: key('fix[2].test'), attempt: 1, 'duration-ms': 1 },
      begun('all[a]', 'run'),
      failed('all[a]'),
      begun('all[b]', 'run'),
      { type: 'step-succeeded', step: key('all[b]'), attempt: 1, 'duration-ms': 1 },
    ]);
    const standingOf = standingsOf({ ...loop, steps, status });
    expect(standingOf([asStepId('fix'), asStepId('test')])).toBe('succeeded');
    expect(standingOf([asStepId('all')])).toBe('failed');
    expect(standingOf([asStepId('none')])).toBeUndefined();
  });
});

test('a label is no directive, no comment and no other line', () => {
  const named = text('%%{init: {theme: x}}%%\r%% a\u2028b');
  const hostile = workflow([agent(0, 'a', [], { model: named })]);
  const drawn = graph(planWorkflow(hostile).plan ?? plan, hostile, 'mermaid');
  expect(drawn).not.toMatch(/%|\r|\u2028|\{/);
  expect(drawn).toContain('#37;#37;#123;init');
});
