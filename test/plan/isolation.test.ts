import { describe, expect, test } from 'vitest';
import type { Isolated, Step } from '../../src/model/workflow.ts';
import { graph } from '../../src/plan/graph.ts';
import { planWorkflow } from '../../src/plan/plan.ts';
import { select } from '../../src/plan/selection.ts';
import { agent, shell, text, workflow } from './steps.ts';

const isolated = (more: Partial<Isolated> = {}): { readonly isolated: Isolated } => ({
  isolated: { copy: [], link: [], merge: 'auto', ...more },
});
const merger = agent(9, 'parser.on-conflict', [], {
  ...{ agent: 'merger', engines: ['claude-code', 'codex'], model: text('opus'), access: 'full' },
});
const flow = workflow(
  [
    shell(0, 'look', []),
    agent(1, 'parser', ['look'], {
      ...isolated({
        ...{ copy: ['.env'], link: ['node_modules'], setup: 'npm ci\nnpm run build\n' },
        onConflict: { agent: merger, checks: ['npm test'] },
      }),
      agent: 'coder',
    }),
    agent(2, 'printer', ['look'], { ...isolated({ setup: 'npm ci' }), undo: false }),
    shell(3, 'format', ['look'], isolated()),
    agent(4, 'draft', ['look'], isolated({ merge: 'never' })),
    agent(5, 'docs', ['look']),
    shell(6, 'lint', ['look']),
    agent(7, 'alone', ['parser', 'printer', 'format', 'docs'], {
      ...isolated({ onConflict: { agent: { ...merger, access: 'write' }, checks: [] } }),
      access: 'read',
    }),
  ],
  { finally: [shell(8, 'tidy', [], isolated())] },
);

const drawn = (steps: readonly Step[], format: Parameters<typeof graph>[2]) => {
  const flow = workflow(steps);
  const { plan } = planWorkflow(flow);
  if (plan === undefined) throw new Error('no plan');
  return graph(plan, flow, format);
};

describe('isolated steps', () => {
  const { plan, diagnostics } = planWorkflow(flow);
  if (plan === undefined) throw new Error('no plan');

  test('collide with nobody', () => {
    expect(diagnostics).toEqual([]);
    const both = [agent(0, 'a', []), agent(1, 'b', [])] as const;
    const codes = (...steps: Step[]) => planWorkflow(workflow(steps)).diagnostics.map(({ code }) => code);
    expect(codes(...both)).toEqual(['parallel-writers']);
    expect(codes(both[0], { ...both[1], ...isolated() })).toEqual([]);
    expect(codes({ ...both[0], ...isolated() }, both[1])).toEqual([]);
  });

  test('are told in the text, with what they wait for before they are merged', () => {
    const shown = graph(plan, flow, 'text', { emphasize: (full) => `<${full}>` });
    expect(shown).toMatchInlineSnapshot(`
      "w: 8 steps in 3 batches

      batch 1
        look     run

      batch 2
        parser   prompt (coder) · claude-code · write · isolated · merged with its batch · setup npm ci … · conflicts to merger (claude-code, else codex, model opus, <FULL ACCESS, no sandbox>), then 1 check
        printer  prompt · claude-code · write · needs look · isolated · merged with its batch · setup npm ci
        format   run · needs look · isolated · merged with its batch
        draft    prompt · claude-code · write · needs look · isolated · not merged
        docs     prompt · claude-code · write · needs look · runs alone, holding back lint, and the start of parser, printer, format, draft
        lint     run · needs look
        merged in this order when the last has ended: parser, printer, format

      batch 3
        alone    prompt · claude-code · read · needs parser, printer, format, docs · isolated · merged when it ends · conflicts to merger (claude-code, else codex, model opus, write)

      finally, whatever happened
        tidy     run · isolated · merged when it ends

      longest path: look → parser → alone
      "
    `);
  });

  test('are told to programs in the words of the language', () => {
    const { steps, merges } = JSON.parse(graph(plan, flow, 'json')) as {
      steps: Record<string, { workspace?: unknown }>;
      merges: unknown;
    };
    expect({
      parser: steps['parser']?.workspace,
      draft: steps['draft']?.workspace,
      merges,
    }).toMatchInlineSnapshot(`
      {
        "draft": {
          "merge": "never",
          "mode": "isolated",
        },
        "merges": [
          [
            "parser",
            "printer",
            "format",
          ],
        ],
        "parser": {
          "copy": [
            ".env",
          ],
          "link": [
            "node_modules",
          ],
          "merge": "auto",
          "mode": "isolated",
          "on-conflict": {
            "access": "full",
            "agent": "merger",
            "checks": [
              "npm test",
            ],
            "engine": [
              "claude-code",
              "codex",
            ],
            "model": "opus",
          },
          "setup": "npm ci
      npm run build
      ",
        },
      }
    `);
    expect(steps['docs']).not.toHaveProperty('workspace');
  });

  test('are dashed in drawings, and colours say the access of agents wherever they work', () => {
    expect(graph(plan, flow, 'mermaid')).toMatchInlineSnapshot(`
      "flowchart TD
        s0["look"]
        s1(["parser<br>claude-code · write<br>isolated, merged, with setup<br>conflicts: merger · full"])
        s2(["printer<br>claude-code · write<br>isolated, merged, with setup"])
        s3["format<br>isolated, merged"]
        s4(["draft<br>claude-code · write<br>isolated, not merged"])
        s5(["docs<br>claude-code · write"])
        s6["lint"]
        s7(["alone<br>claude-code · read<br>isolated, merged<br>conflicts: merger · write"])
        f0["tidy<br>isolated, merged"]
        s0 --> s1
        s0 --> s2
        s0 --> s3
        s0 --> s4
        s0 --> s5
        s0 --> s6
        s1 --> s7
        s2 --> s7
        s3 --> s7
        s5 --> s7
        s4 --> f0
        s6 --> f0
        s7 --> f0
        classDef full stroke:#d00,stroke-width:3px
        class s1 full
        classDef write stroke-width:2px
        class s2,s4,s5 write
        classDef isolated stroke-dasharray:5 5
        class s1,s2,s3,s4,s7,f0 isolated
      "
    `);
    expect(graph(plan, flow, 'dot')).toMatchInlineSnapshot(`
      "digraph "w" {
        node [shape=box];
        s0 [label="look"];
        s1 [label="parser\\nclaude-code · write\\nisolated, merged, with setup\\nconflicts: merger · full", style="rounded,dashed", color=red, penwidth=2];
        s2 [label="printer\\nclaude-code · write\\nisolated, merged, with setup", style="rounded,dashed"];
        s3 [label="format\\nisolated, merged", style=dashed];
        s4 [label="draft\\nclaude-code · write\\nisolated, not merged", style="rounded,dashed"];
        s5 [label="docs\\nclaude-code · write", style=rounded];
        s6 [label="lint"];
        s7 [label="alone\\nclaude-code · read\\nisolated, merged\\nconflicts: merger · write", style="rounded,dashed"];
        f0 [label="tidy\\nisolated, merged", style=dashed];
        s0 -> s1;
        s0 -> s2;
        s0 -> s3;
        s0 -> s4;
        s0 -> s5;
        s0 -> s6;
        s1 -> s7;
        s2 -> s7;
        s3 -> s7;
        s5 -> s7;
        s4 -> f0;
        s6 -> f0;
        s7 -> f0;
      }
      "
    `);
  });

  test('that are left out are not waited for', () => {
    const out = select(plan, { only: [], skip: ['printer', 'format'] });
    if (!out.ok) throw new Error(out.error);
    expect(graph(plan, flow, 'text')).toContain('in this order');
    expect(graph(out.value, flow, 'text')).not.toContain('in this order');
    expect(JSON.parse(graph(out.value, flow, 'json'))).not.toHaveProperty('merges');
  });

  test('are named up to a few', () => {
    const steps = Array.from({ length: 9 }, (_, i) => shell(i, `s${i}`, [], isolated()));
    expect(drawn(steps, 'text')).toContain('when the last has ended: s0, s1, s2, s3, s4, …\n');
  });
});
