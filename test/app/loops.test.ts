// Shows through the built program that a loop goes round, is seen, and goes on in the iteration in which its runner died.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';

beforeAll(built);

const COUNTED = `
steps:
  - id: build
    loop:
      max: 5
      until: steps.test.exit-code == 0
      steps:
        - id: count
          run: echo "$N" >> rounds
          env: { N: "\${{ loop.index }}", LAST: "\${{ loop.previous.steps.test.stdout }}" }
        - id: test
          run: cat rounds; test "$(wc -l < rounds)" -ge 3
          continue-on-error: true
  - id: after
    run: echo "$COUNT $ALL"
    env:
      COUNT: \${{ steps.build.count }}
      ALL: \${{ join(steps.test.executions.*.exit-code) }}
outputs:
  after: steps.after.stdout
  last: steps.test.stdout
`;

describe('a loop', () => {
  it('goes round until its condition holds', async () => {
    const { code, events } = await eventsOf(projectWith({ w: COUNTED }), 'run w');
    expect(code).toBe(0);
    expect(ends(events)).toEqual({
      build: 'succeeded',
      'build[1].count': 'succeeded',
      'build[1].test': 'failed',
      'build[2].count': 'succeeded',
      'build[2].test': 'failed',
      'build[3].count': 'succeeded',
      'build[3].test': 'succeeded',
      after: 'succeeded',
    });
    expect(events.at(-1)).toMatchObject({ outputs: { after: '3 1,1,0', last: '1\n2\n3' } });
  });

  it('is shown by plan, status and logs', async () => {
    const project = projectWith({ w: COUNTED });
    await say(project, 'run w');
    expect((await say(project, 'plan w')).stdout).toMatch(
      /build +loop, at most 5 times · until[^\n]*\n +count +run\n +test +run/,
    );
    const { stdout } = await say(project, 'status @last');
    expect(stdout).toMatch(/build[^\n]*\n[^\n]*build\[1\]\.count[^\n]*\n[^\n]*build\[1\]\.test/);
    const logs = await say(project, 'logs @last build[2].test');
    expect(logs.stdout).toContain('2');
  });

  it('keeps its iterations for what a retry runs', async () => {
    const project = projectWith({
      w: COUNTED.replace('echo "$COUNT $ALL"', 'test -e fine && echo "$COUNT $ALL"'),
    });
    expect((await say(project, 'run w')).code).toBe(1);
    writeFileSync(path.join(project.root, 'fine'), '');
    const { code, events } = await eventsOf(project, 'retry @last --yes');
    expect(code).toBe(0);
    expect(events.at(-1)).toMatchObject({ outputs: { after: '3 1,1,0', last: '1\n2\n3' } });
    expect(events.filter((e) => e.type === 'step-started').map((e) => 'step' in e && e.step)).toEqual([
      'after',
    ]);
  });

  it('goes on in the iteration in which its runner was killed', async () => {
    const waits = COUNTED.replace(
      'cat rounds;',
      'test -e go || test "$(wc -l < rounds)" -lt 2 || sleep 60; cat rounds;',
    );
    const project = projectWith({ w: waits });
    const cli = startCli(project, ['run', 'w', '--json'], {
      onLine: (line) => {
        if (line.includes('"step-started"') && line.includes('build[2].test'))
          process.kill(cli.pid, 'SIGKILL');
      },
    });
    expect((await cli.ended).signal).toBe('SIGKILL');
    writeFileSync(path.join(project.root, 'go'), '');
    const { code, events } = await eventsOf(project, 'resume @last');
    expect(code).toBe(0);
    const started = events.flatMap((e) => (e.type === 'step-started' ? [`${e.step}.${e.attempt}`] : []));
    expect(started).toEqual(['build[2].test.2', 'build[3].count.1', 'build[3].test.1', 'after.1']);
    expect(events.at(-1)).toMatchObject({ outputs: { after: '3 1,1,0', last: '1\n2\n3' } });
  });
});
