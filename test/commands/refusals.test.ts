// What is refused before anything runs: exit code 2, one sentence with the thing, the place, the next move.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { built } from '../support/built.ts';
import { cli, PROGRAM } from '../support/cli.ts';
import { FAILING, FINE, projectWith, say } from './project.ts';

beforeAll(built);

const INPUTS = `
inputs:
  n: { type: number, required: true }
  who: { type: string, required: true }
  flag: { type: boolean, default: false }
  c: { type: choice, options: [apple, pear], default: apple }
steps:
  - run: echo
`;

describe('nothing starts', () => {
  it.each([
    ['run deploi', { deploy: FINE }, ['there is no workflow deploi', 'did you mean `deploy`?']],
    ['run zebra', { deploy: FINE }, ['there is no workflow zebra', 'one of: deploy']],
    ['run ./none.yml', {}, ['there is no file ./none.yml', '.codemachine/workflows']],
    ['plan deploi', { deploy: FINE }, ['did you mean `deploy`?']],
    ['validate deploi', { deploy: FINE }, ['did you mean `deploy`?']],
    ['validate', {}, ['there is no workflow in .codemachine/workflows', 'codemachine init']],
    ['run w', { w: INPUTS }, ['the input `n` is required', 'the input `who` is required', '--input n=']],
    [
      'run w -i n=x -i flag=7 -i c=appel -i whom=1',
      { w: INPUTS },
      [
        '`n` must be a number',
        '`flag` must be',
        '`c` must be one of',
        'did you mean `apple`',
        'no input `whom`',
        '`who` is',
      ],
    ],
    ['run w -i n', { w: INPUTS }, ['--input n:', 'name=value']],
    ['run w -i n=@none', { w: INPUTS }, ['--input n=@none: the file is not there']],
    ['run w --inputs none.json', { w: INPUTS }, ['--inputs none.json: the file is not there']],
    ['run w --inputs a.txt', { w: INPUTS }, ['--inputs a.txt', 'one JSON object']],
    ['run w', { w: `secrets: [TOKEN_A, TOKEN_B]\n${FINE}` }, ['TOKEN_A is not set', 'TOKEN_B is not set']],
    ['run w', { w: `env-file: none.env\n${FINE}` }, ['none.env']],
    [
      'run w',
      { w: 'steps:\n  - prompt-file: none.md\n    engine: codex\n    access: read\n' },
      ['w.yml:3:', 'none.md'],
    ],
    ['run w --only tow', { w: FAILING }, ['--only tow', 'one, two']],
    ['plan w --skip tow', { w: FAILING }, ['--skip tow', 'one, two']],
    ['run w --max-parallel 0', { w: FINE }, ['--max-parallel']],
    ['run w --record x --replay y', { w: FINE }, ['--replay']],
    ['run', {}, ['workflow']],
    ['rum', {}, ['there is no command rum', 'did you mean `codemachine run`?']],
    ['help rum', {}, ['did you mean `codemachine run`?']],
    ['paint it', {}, ['there is no command paint', 'validate']],
    ['run w --jsn', { w: FINE }, ['--jsn']],
    ['schema paint', {}, ['workflow, config, test']],
    ['validate --format pdf', {}, ['text, json']],
  ] as const)('%s', async (line, workflows, words) => {
    const project = projectWith(workflows);
    const { code, stdout, stderr } = await say(project, line);
    for (const word of words) expect(stderr).toContain(word);
    expect(stdout).toBe('');
    expect(code).toBe(2);
    expect(existsSync(path.join(project.stateDir, 'codemachine.db'))).toBe(false);
  });

  it.each(['status', 'logs @last', 'diff @last', 'resume @last', 'cancel @last', 'resume @failed'])(
    '%s where there are no runs yet',
    async (line) => {
      const project = projectWith({});
      const { code, stdout, stderr } = await say(project, line);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('there are no runs yet in .codemachine/state');
      expect(stderr).toContain('codemachine run <workflow>');
      expect(existsSync(project.stateDir)).toBe(false);
    },
  );

  it('names every run that the beginning of an id could mean, and the newest where it means none', async () => {
    const project = projectWith({ w: FINE });
    await say(project, 'run w');
    await say(project, 'run w');
    const { stdout } = await say(project, 'runs --json');
    const [a, b] = (JSON.parse(stdout) as readonly { readonly run: string }[]).map(({ run }) => run);
    for (const command of ['status', 'logs', 'diff', 'resume', 'cancel']) {
      const several = await say(project, `${command} 20`);
      expect(several).toMatchObject({ code: 2, stdout: '' });
      expect(several.stderr).toContain(`begins several runs: ${a}, ${b}`);
      const none = await say(project, `${command} nope`);
      expect(none).toMatchObject({ code: 2, stdout: '' });
      expect(none.stderr).toContain(`no run begins with \`nope\`; the newest: ${a}, ${b}`);
    }
    expect((await say(project, 'resume @failed')).stderr).toContain('failed');
  });

  it('data in a shell command, with the line and what to write', async () => {
    const project = projectWith({
      w: 'inputs: { a: { type: string, required: true } }\nsteps:\n  - run: echo ${{ inputs.a }}\n',
    });
    const { code, stdout, stderr } = await say(project, 'run w -i a=x');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/w\.yml:4:19/);
    expect(stderr).toContain('"$A"');
    expect(stderr).toContain('nothing was started');
  });

  it('a writing agent where there is no git', async () => {
    const project = projectWith({});
    const bare = path.join(project.base, 'bare');
    mkdirSync(bare);
    writeFileSync(
      path.join(bare, 'w.yml'),
      'name: w\nsteps:\n  - prompt: hi\n    engine: codex\n    access: write\n',
    );
    const { code, stderr } = await cli(project, ['run', 'w.yml'], { cwd: bare });
    expect(stderr).toMatch(/w\.yml:3:/);
    expect(stderr).toContain('git');
    expect(code).toBe(2);
  });

  // A recursive mkdir of Node 20 never comes back from /proc.
  it.runIf(process.platform === 'linux').each(['/proc/none', '/proc/none/deep'])(
    'a state directory that cannot be made: %s',
    async (directory) => {
      const { code, stdout, stderr } = await say(projectWith({ w: FINE }), `run w --state-dir ${directory}`);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('/proc/none');
      expect(stderr).toContain('--state-dir');
    },
  );

  it.each([
    ['that is a file', 'a.txt', 'a.txt'],
    ['whose database is none', 'state', 'codemachine.db is damaged'],
  ])('a state directory %s', async (_, directory, words) => {
    const project = projectWith(
      { w: FINE },
      { 'state/codemachine.db': 'not a database, and longer than nothing\n' },
    );
    for (const command of ['run w', 'resume @last']) {
      const { code, stdout, stderr } = await say(project, `${command} --state-dir ${directory}`);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      if (command === 'run w' || directory === 'state') expect(stderr).toContain(words);
    }
  });

  it('a run that a step starts in the checkout of its own run, which would wait for itself', async () => {
    const project = projectWith({ w: 'steps:\n  - id: a\n    run: node "$PROGRAM" run w\n' });
    const { code, stdout } = await say(project, 'run w', { env: { PROGRAM } });
    expect(code).toBe(1);
    expect(stdout).toContain('start another run from a checkout of its own');
    expect(stdout).not.toContain('wait for it');
  });

  it('a second run in one checkout, with the first one’s id', async () => {
    const project = projectWith({
      slow: 'steps:\n  - run: touch up; until test -e go; do sleep 0.02; done\n',
      w: FINE,
    });
    onTestFinished(() => writeFileSync(path.join(project.root, 'go'), ''));
    const detached = await say(project, 'run slow --detach');
    const run = detached.stdout.trim();
    const { code, stderr } = await say(project, 'run w');
    expect(stderr).toContain(`run ${run} (pid `);
    expect(stderr).toContain(`codemachine cancel ${run}`);
    expect(code).toBe(2);
    const again = await say(project, `resume ${run}`);
    expect(again.stderr).toContain(`run ${run} is being run (pid `);
    expect(again.code).toBe(2);
    project.write('go', '');
    expect((await say(project, `status ${run} --watch --json`)).code).toBe(0);
  });
});
