// Resumes runs whose runner was killed in the middle of a merge, in checkouts whose HEAD somebody has moved since.
import { beforeAll, describe, expect, it } from 'vitest';
import { say } from '../commands/project.ts';
import { agentProject } from '../commands/tree-project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { type Project, withState } from '../support/repository.ts';
import { atTerminal } from './terminal.ts';

beforeAll(built);

const MANY = 400;

/** A run that was killed when its merge had begun, and a commit of the user's since. */
async function cutOff(): Promise<Project> {
  const workflow =
    'steps:\n  - { id: one, engine: claude-code, access: write, prompt: go, workspace: isolated }\n';
  const script = `echo one >> $HOME/asked; for i in $(seq ${MANY}); do echo $i > one-$i.txt; done`;
  const project = agentProject(script, {}, workflow);
  const cli = startCli(project, ['run', 'w', '--json'], {
    onLine: (line) => {
      if (line.includes('"type":"merge-started"')) cli.child.kill('SIGKILL');
    },
  });
  await cli.ended;
  const types = await withState(project, (state) => {
    const [run] = state.listRuns();
    return run === undefined ? [] : state.history(run.id).map(({ type }) => type);
  });
  expect(types.at(-1)).toBe('merge-started');
  project.write('mine.txt', 'mine\n');
  project.git('add', 'mine.txt');
  project.git('commit', '-q', '-m', 'my own work');
  return project;
}

function head(project: Project): string {
  return project.git('rev-parse', 'HEAD').trim();
}

function standsMerged(project: Project): void {
  for (const i of [1, MANY / 2, MANY]) expect(project.read(`one-${i}.txt`)).toBe(`${i}\n`);
  expect(project.read('mine.txt')).toBe('mine\n');
  expect(project.read('../home/asked')).toBe('one\n');
}

describe('a merge that was cut off while HEAD was moved', () => {
  it.each(['--keep-tree', '--restore'])('is left alone until somebody says %s', async (choice) => {
    const project = await cutOff();
    const mine = head(project);
    const before = project.picture();
    for (const yes of ['', ' --yes']) {
      const refused = await say(project, `resume @last${yes}`);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      for (const words of ['being merged', mine.slice(0, 12), 'my own work', '--keep-tree', '--restore'])
        expect(refused.stderr).toContain(words);
    }
    expect(project.picture()).toEqual(before);
    expect(await say(project, `resume @last ${choice}`)).toMatchObject({ code: 0 });
    expect(head(project)).toBe(mine);
    standsMerged(project);
  });

  it('is asked about at a terminal', async () => {
    const project = await cutOff();
    const mine = head(project);
    const { code, screen } = await atTerminal(project, 'resume @last', 'or stop [s]?', (press) =>
      press('f\r'),
    );
    expect(code).toBe(0);
    expect(screen).toContain('my own work');
    expect(screen).not.toContain('hold neither');
    expect(head(project)).toBe(mine);
    standsMerged(project);
  });
});
