// Shows through the built program that `logs` has what was executed inside of a step, and that the next move leads to where it failed.
import { beforeAll, describe, expect, it } from 'vitest';
import { BEST_OF, judgeProject } from '../app/judge-project.ts';
import { built } from '../support/built.ts';
import { projectWith, say } from './project.ts';

beforeAll(built);

const INSIDE = `  - id: fine
    run: echo well said
  - id: bad
    needs: [fine]
    run: echo badly said >&2; exit 3
`;

describe('the logs of a step that is made of others', () => {
  it.each([
    [
      'a loop',
      `steps:\n  - id: round\n    loop:\n      max: 2\n      until: "true"\n      steps:\n${INSIDE.replace(/^/gm, '      ')}`,
      "'round[1].bad'",
    ],
    ['a used workflow', 'steps:\n  - { id: round, uses: ./part.yml }\n', 'round.bad'],
    [
      'a matrix',
      'steps:\n  - { id: round, matrix: { n: [1] }, run: "echo well said; echo badly said >&2; exit 3" }\n',
      "'round[1]'",
    ],
    [
      'a matrix of used workflows',
      'steps:\n  - { id: round, matrix: { n: [1] }, uses: ./part.yml }\n',
      "'round[1].bad'",
    ],
  ])('are those of what was executed inside: %s', async (_, workflow, innermost) => {
    const project = projectWith({ w: workflow, part: `steps:\n${INSIDE}` });
    const run = await say(project, 'run w');
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(new RegExp(`codemachine logs \\S+ ${innermost.replace(/[[\]]/g, '\\$&')}\n`));
    for (const round of [1, 2]) {
      const { code, stdout } = await say(project, 'logs @last round');
      expect({ code, round }).toEqual({ code: 0, round });
      // The retry took over what went well.
      if (round === 1) expect(stdout).toContain('well said');
      expect(stdout).toMatch(/── round\S+ · attempt 1 · stderr.log\nbadly said/);
      const again = round === 1 ? await say(project, 'retry @last') : run;
      expect(again.stdout).toContain(innermost);
    }
  });

  it('of a reduce are those of its checks, and a reduce without candidates says why there are none', async () => {
    const project = judgeProject(BEST_OF.replace('test -s made.txt', 'echo looked at; exit 1'));
    expect((await say(project, 'run w')).code).toBe(1);
    const { stdout } = await say(project, 'logs @last pick');
    expect(stdout.match(/── pick:checks\[\w+\] · attempt 1 · stdout.log\nlooked at/g)).toHaveLength(4);
  });
});
