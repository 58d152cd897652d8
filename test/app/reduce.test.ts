// Shows through the built program that the best of several changes is chosen blindly and lands alone.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { ends, eventsOf, say } from '../commands/project.ts';
import { usersSide } from '../commands/tree-project.ts';
import { built } from '../support/built.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { AGENT, asked, BEST_OF, judgeProject, prompts } from './judge-project.ts';

beforeAll(built);

const LANDED = { 'a.txt': '644 a\n', 'made.txt': '644 the best work\n', 'notes.txt': '644 kept\n' };

/** The files of the shared tree, without those of the project itself. */
function tree(project: Project): Record<string, string> {
  const all = Object.entries(project.picture()).filter(([name]) => !name.startsWith('.codemachine'));
  return Object.fromEntries(all);
}

function outputOf(events: readonly Event[], key: string): unknown {
  return of(events, 'step-succeeded').findLast(({ step }) => step === key)?.output;
}

function worktrees(project: Project): readonly string[] {
  const listed = project.git('worktree', 'list', '--porcelain').split('\n');
  return listed.filter((line) => line.startsWith('worktree ')).slice(1);
}

describe('best-of', () => {
  it('shows the judge who passed the checks, without names, and merges the winner alone', async () => {
    const project = judgeProject();
    const side = usersSide(project);
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    expect(ends(events)).toMatchObject({
      'pick:checks[amber]': 'failed',
      'pick:checks[brown]': 'succeeded',
      'pick:checks[coral]': 'failed',
      'pick:checks[delta]': 'succeeded',
      'pick:judge': 'succeeded',
      pick: 'succeeded',
    });
    expect(outputOf(events, 'pick')).toMatchObject({
      winner: 'fix[delta]',
      scores: { 'fix[brown]': 4, 'fix[delta]': 9 },
    });
    expect(events.at(-1)).toMatchObject({ outputs: { winner: 'fix[delta]' } });
    expect(tree(project)).toEqual(LANDED);
    expect(usersSide(project)).toEqual(side);
    expect(worktrees(project)).toEqual([]);
    expect(asked(project).filter((step) => step === 'pick:judge')).toHaveLength(1);
    const prompt = prompts(project)['pick:judge.1'] ?? '';
    expect(prompt).toContain('The smallest change that does it.');
    expect(prompt).toContain('+the best work');
    expect(prompt).toContain('I worked in ./ in the session <session>.');
    expect(prompt.match(/ candidate [A-Z] begins$/gm)).toEqual([
      ' candidate A begins',
      ' candidate B begins',
    ]);
    expect(prompt).not.toMatch(/amber|brown|coral|delta|fix\[|claude|codemachine-|worktrees|\.cache/);
    expect(prompt).not.toContain(events[0]?.run);
  });

  it('keeps the others, which are looked at and applied; status says what became of whom', async () => {
    const project = judgeProject();
    expect((await say(project, 'run w')).code).toBe(0);
    const status = await say(project, 'status @last');
    expect(status.stdout).toMatch(/✖ pick:checks\[amber\] +failed: checks, so the candidate was dropped/);
    expect(status.stdout).toContain(
      'not chosen, and kept beside the tree: what fix[amber], fix[brown], fix[coral] changed',
    );
    expect(status.stdout).not.toContain('codemachine apply');
    expect((await say(project, 'diff @last fix[brown]')).stdout).toContain('+fine work');
    expect((await say(project, 'diff @last pick')).stdout).toContain('+the best work');
    project.git('add', '-A');
    project.git('commit', '-q', '-m', 'taken');
    const other = await say(project, 'apply @last fix[brown] --markers');
    expect(other.stdout).toContain('other.txt');
    expect(project.read('made.txt')).toContain('fine work');
    const plan = await say(project, 'plan w');
    expect(plan.stdout).toMatch(/pick +best-of of fix · 2 checks · judged by judge \(claude-code, read\)/);
  });

  it('is judged again with --updated where its rubric changed, and the candidates are not made again', async () => {
    const project = judgeProject(BEST_OF.replace('run: cat made.txt', 'run: test -e go && cat made.txt'));
    expect((await say(project, 'run w')).code).toBe(1);
    const file = '.codemachine/workflows/w.yml';
    project.write(
      file,
      project.read(file).replace('The smallest', 'The boldest').replace('test -e go && ', ''),
    );
    const { code, events } = await eventsOf(project, 'resume @last --updated --keep-tree');
    expect(code).toBe(0);
    expect(of(events, 'run-resumed')[0]?.again).toEqual(['pick']);
    expect(asked(project).filter((step) => step.startsWith('fix['))).toHaveLength(4);
    expect(asked(project).filter((step) => step === 'pick:judge')).toHaveLength(2);
  });

  it('is replayed with the same letters in another run, without asking anybody', async () => {
    const first = judgeProject();
    const dir = path.join(first.base, 'recording');
    const run = await eventsOf(first, `run w --record ${dir}`);
    const before = of(run.events, 'candidates-shown')[0];
    // With other run ids, one of them would be shown the other way round.
    for (let i = 0; i < 2; i++) {
      const second = judgeProject(BEST_OF, 'export const answer = () => { throw new Error("asked"); };');
      const { code, events } = await eventsOf(second, `run w --replay ${dir}`);
      expect(code).toBe(0);
      expect(of(events, 'candidates-shown')[0]).toMatchObject({
        candidates: before?.candidates,
        digest: before?.digest,
      });
      expect(outputOf(events, 'pick')).toEqual(outputOf(run.events, 'pick'));
      expect(tree(second)).toEqual(LANDED);
    }
  });
});

describe('candidates of whom nobody is chosen', () => {
  it.each(['brown', 'delta'])(
    'are chosen among when the run goes on, not applied: cut off at the checks of %s',
    async (who) => {
      const project = judgeProject(
        BEST_OF.replace(
          '- test -s made.txt',
          `- '[ "$CODEMACHINE_STEP" != "pick:checks[${who}]" ] || kill -9 "$(cat "$HOME/runner")"; sleep 0.1'`,
        ),
      );
      const { startCli } = await import('../support/cli.ts');
      const cli = startCli(project, ['run', 'w', '--json'], {});
      project.write(path.relative(project.root, path.join(project.home, 'runner')), `${cli.pid}\n`);
      expect(await cli.ended).toMatchObject({ signal: 'SIGKILL' });
      const { stdout } = await say(project, 'status @last');
      expect(stdout).not.toContain('codemachine apply');
      expect(stdout).toContain(
        'not chosen yet: among fix[amber], fix[brown], fix[coral], fix[delta] pick chooses when the run goes on',
      );
    },
  );

  it('are looked at, one to be applied, where the choice is skipped', async () => {
    const project = judgeProject(BEST_OF.replace(/ {2}- id: after[\s\S]*/, ''));
    const { code, stdout } = await say(project, 'run w --skip pick');
    expect(code).toBe(0);
    expect(stdout).toContain(
      'nobody chose among fix[amber], fix[brown], fix[coral], fix[delta], since pick was skipped',
    );
    expect(stdout).toMatch(/codemachine diff \S+ 'fix\[amber\]'/);
    expect(stdout).not.toMatch(/^ {2}codemachine apply/m);
  });

  it('are not chosen where the winner collides', async () => {
    const workflow = BEST_OF.replace(
      '      checks:\n',
      '      checks:\n        - echo mine > "$OUTSIDE/made.txt"\n',
    ).replace('agents:\n', 'env: { OUTSIDE: PLACE }\nagents:\n');
    const project = judgeProject(workflow);
    const file = '.codemachine/workflows/w.yml';
    project.write(file, project.read(file).replace('PLACE', project.root));
    const { stdout } = await say(project, 'run w');
    expect(stdout).toContain(
      'not chosen, and kept beside the tree: what fix[amber], fix[brown], fix[coral] changed',
    );
    expect(stdout).not.toMatch(/codemachine apply \S+ '?fix/);
  });
});

describe('compare and summarize', () => {
  const agent = `
export function answer({ step, prompt }) {
  if (step === 'ranked:judge') return JSON.stringify({ ranking: ['review[b]', 'review[a]'], reasons: { 'review[a]': 'x', 'review[b]': 'y' } });
  if (step === 'told:judge') return JSON.stringify({ summary: 'All is well.', points: ['one'] });
  return 'Review by ' + step;
}`;
  const workflow = `agents: { reader: { engine: claude-code, access: read } }
steps:
  - { id: review, agent: reader, matrix: { who: [a, b] }, prompt: Review it. }
  - { id: ranked, reduce: { from: review, mode: compare, agent: reader } }
  - { id: told, reduce: { from: review, mode: summarize, agent: reader } }
outputs: { first: "steps.ranked.output.ranking[0]", summary: steps.told.output.summary }
`;

  it('answer in their forms, whose judge is told names and texts', async () => {
    const project = judgeProject(workflow, agent);
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    expect(events.at(-1)).toMatchObject({ outputs: { first: 'review[b]', summary: 'All is well.' } });
    const prompt = prompts(project)['ranked:judge.1'] ?? '';
    expect(prompt).toContain('candidate review[a] begins');
    expect(prompt).toContain('Review by review[b]');
    expect(prompt).not.toContain('Review it.');
  });

  it('ask once more for an answer that fits, then fail with `output`', async () => {
    const twice = agent.replace("['review[b]', 'review[a]']", "['review[b]', 'review[b]']");
    const project = judgeProject(workflow, twice);
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(1);
    expect(of(events, 'step-failed').map(({ step, failure }) => [step, failure.reason])).toEqual([
      ['ranked:judge', 'output'],
      ['ranked', 'output'],
    ]);
    expect(asked(project).filter((step) => step === 'ranked:judge')).toHaveLength(2);
  });
});

describe('a best-of whose runner is killed', () => {
  const KILLED_AT = [
    '"type":"step-started","step":"pick"',
    '"type":"step-started","step":"pick:checks[delta]"',
    '"type":"step-failed","step":"pick:checks[amber]"',
    '"type":"candidates-shown"',
    '"type":"step-started","step":"pick:judge"',
    '"type":"step-succeeded","step":"pick:judge"',
    '"type":"change-ready","step":"pick"',
    '"type":"merge-started","step":"pick"',
    '"type":"step-succeeded","step":"pick"',
  ];

  /** At every third one in `npm run ci`, at each in the soak. */
  const EVERY = process.env['CODEMACHINE_KILL_EVERY'] === undefined ? 3 : 1;

  it.each(KILLED_AT.filter((_, i) => i % EVERY === 0))(
    'at %s comes to the same winner, and makes nothing twice that was done',
    async (line) => {
      const project = judgeProject();
      const { startCli } = await import('../support/cli.ts');
      const wanted = JSON.parse(`{${line}}`) as Partial<Event>;
      const before: Event[] = [];
      const cli = startCli(project, ['run', 'w', '--json'], {
        onLine: (text) => {
          const event = JSON.parse(text) as Event;
          before.push(event);
          if (Object.entries(wanted).every(([key, value]) => event[key as keyof Event] === value))
            cli.child.kill('SIGKILL');
        },
      });
      expect(await cli.ended).toMatchObject({ signal: 'SIGKILL' });
      const { code, events } = await eventsOf(project, 'resume @last');
      expect(code).toBe(0);
      expect(events.at(-1)).toMatchObject({ outputs: { winner: 'fix[delta]' } });
      expect(tree(project)).toEqual(LANDED);
      expect(worktrees(project)).toEqual([]);
      const done = [...of(before, 'step-succeeded'), ...of(before, 'step-failed')].map(({ step }) => step);
      const again = of(events, 'step-started').map(({ step }) => step);
      expect(again.filter((step) => step !== 'pick' && done.includes(step))).toEqual([]);
      expect(asked(project).filter((step) => step.startsWith('fix['))).toHaveLength(4);
    },
  );

  it.each(['pick:judge', 'pick:checks[brown]'])(
    'in the middle of %s asks that one again, and no other',
    async (key) => {
      const kill = `[ "$CODEMACHINE_STEP" != '${key}' ] || [ -e "$HOME/killed" ] || { touch "$HOME/killed"; kill -9 $(cat "$HOME/runner"); sleep 30; }`;
      const judge = `import { execFileSync } from 'node:child_process';\n${AGENT.replace(
        'return judge(prompt);',
        `{ execFileSync('bash', ['-c', ${JSON.stringify(kill)}]); return judge(prompt); }`,
      )}`;
      const project = judgeProject(BEST_OF.replace('test -s made.txt', `test -s made.txt; ${kill}`), judge);
      const { startCli } = await import('../support/cli.ts');
      const before: Event[] = [];
      const cli = startCli(project, ['run', 'w', '--json'], {
        onLine: (text) => before.push(JSON.parse(text) as Event),
      });
      project.write(path.relative(project.root, path.join(project.home, 'runner')), `${cli.pid}\n`);
      expect(await cli.ended).toMatchObject({ signal: 'SIGKILL' });
      const { code, events } = await eventsOf(project, 'resume @last');
      expect(code).toBe(0);
      expect(tree(project)).toEqual(LANDED);
      expect(of(events, 'step-started').some(({ step, attempt }) => step === key && attempt === 2)).toBe(
        true,
      );
      const made = of(events, 'step-started').map(({ step }) => step);
      if (key === 'pick:judge') expect(made).toEqual(['pick:judge', 'after']);
      const done = [...of(before, 'step-succeeded'), ...of(before, 'step-failed')].map(({ step }) => step);
      expect(made.filter((step) => done.includes(step))).toEqual([]);
      expect(readFileSync(path.join(project.home, 'asked'), 'utf8').match(/fix\[/g)).toHaveLength(4);
    },
  );
});
