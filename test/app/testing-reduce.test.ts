// Shows that a workflow with a `reduce` can be tested: who is `A` is known to whoever writes the answers.
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { failures, report, testedProject } from './testing.ts';

beforeAll(built);

const WORKFLOW = `name: work
agents: { coder: { engine: codex, access: write }, judge: { engine: claude-code, access: read } }
steps:
  - id: fix
    agent: coder
    matrix: { who: [amber, brown, coral] }
    workspace: isolated
    prompt: Mend it.
  - id: pick
    reduce: { from: fix, mode: best-of, agent: judge, checks: ['! grep -q broken made.txt'] }
outputs: { winner: steps.pick.output.winner }
`;

const answers = (winner: string, checks = '') => `  - name: chooses
    answers:
      "fix[amber]": { text: done, files: { made.txt: "broken\\n" } }
      "fix[brown]": { text: done, files: { made.txt: "good\\n" } }
      "fix[coral]": { text: done, files: { made.txt: "better\\n" } }
      pick: { output: { winner: ${winner}, scores: { A: 3, B: 8 }, reasons: { A: x, B: y } } }
${checks}    expect:
      steps:
        "pick:checks[amber]": failed
        "pick:judge": succeeded
        pick: { output: { winner: "fix[coral]" }, executions: 1 }
      prompts: { pick: { contains: ["candidate A begins", "+better"], not-contains: coral } }
      files: { made.txt: "better\\n" }
      outputs: { winner: "fix[coral]" }
`;

describe('a test of a reduce', () => {
  it('answers for the judge, to whom the candidates are shown in the order of the matrix', async () => {
    for (let i = 0; i < 2; i++) {
      const found = await report(testedProject(WORKFLOW, answers('B')));
      expect(failures(found)).toEqual([]);
      expect(found.code).toBe(0);
    }
    const other = await report(testedProject(WORKFLOW, answers('A')));
    expect(failures(other).join('\n')).toContain('fix[brown]');
  });

  it('may say what the checks of a candidate come to', async () => {
    const runs =
      '    runs: { "pick:checks[amber]": { exit-code: 1 }, "pick:checks[brown]": {}, "pick:checks[coral]": {} }\n';
    const found = await report(testedProject(WORKFLOW.replace('broken', 'r'), answers('B', runs)));
    expect(failures(found)).toEqual([]);
  });

  it('names its parts rightly', async () => {
    const project = testedProject(
      WORKFLOW,
      answers('B', '    runs: { "fix:checks[amber]": {}, "pick:juge": {} }\n'),
    );
    await expect(report(project)).rejects.toThrow(/unknown-step[\s\S]*unknown-step/);
  });
});
