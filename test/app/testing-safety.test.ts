// Holds that tests of workflows touch nothing that is somebody's, and start no engine.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { holding, until } from '../kill/processes.ts';
import { cli, startCli } from '../support/cli.ts';
import { picture } from '../workspace/repository.ts';
import { failures, leftovers, report, testedProject } from './testing.ts';

const WRITES = `name: work
secrets: [TOKEN]
steps:
  - id: write
    env: { TOKEN: "\${{ secrets.TOKEN }}" }
    run: |
      echo mine > a.txt; echo more > b.txt; echo home > "$HOME/.left"; git commit -qam step; git tag v1
      echo "$TOKEN \${GITHUB_ENV-none} \${GIT_DIR-none} \${OTHER-none} \${GIVEN-none} $(git log --format=%an -1)"
      cat link
      ./script.sh
  - id: agent
    engine: codex
    access: write
    prompt: Do it.
  - id: fail
    run: exit 1
`;

test('nothing of the project, its repository, its state or the home changes', async () => {
  const project = testedProject(
    WRITES,
    `
  - name: writes
    env: { GIVEN: given }
    answers: { agent: { files: { a.txt: "an agent's\\n" } } }
    expect:
      status: failed
      steps:
        write: { stdout: { contains: "*** none none other given codemachine test\\nmine\\nexecuted", not-contains: real } }
      files: { a.txt: { equals: an agent's }, ignored: absent, kept.txt: "not committed" }
`,
  );
  project.write('kept.txt', 'not committed\n');
  project.write('script.sh', '#!/bin/sh\necho executed\n', 0o755);
  project.write('ignored', 'not copied\n');
  // As a link in a repository should not be, and is.
  symlinkSync(path.join(project.root, 'a.txt'), path.join(project.root, 'link'));
  const before = {
    tree: project.picture(),
    refs: project.git('for-each-ref'),
    status: project.git('status', '--porcelain'),
    git: readFileSync(path.join(project.root, '.git/config'), 'utf8'),
    home: picture(project.home),
  };
  const env = {
    ...{ TOKEN: 'a-real-secret', OTHER: 'other', GITHUB_ENV: '/dev/null' },
    ...{ GIT_DIR: path.join(project.root, '.git'), GIT_WORK_TREE: project.root },
    XDG_CACHE_HOME: path.join(project.home, 'cache'),
  };
  expect(failures(await report(project, [], { env }))).toEqual([]);
  const after = {
    tree: project.picture(),
    refs: project.git('for-each-ref'),
    status: project.git('status', '--porcelain'),
    git: readFileSync(path.join(project.root, '.git/config'), 'utf8'),
    home: picture(project.home),
  };
  expect(after).toEqual(before);
  expect(existsSync(project.stateDir)).toBe(false);
  expect(leftovers(project)).toEqual([]);
});

test('a question without an answer starts no engine, and fails the test with the prompt', async () => {
  const project = testedProject(
    `name: work
steps:
  - id: plan
    engine: [codex, claude-code]
    access: read
    retry: { attempts: 3, on: [any] }
    prompt: "Plan it,\\nstep by step."
  - id: mend
    engine: claude-code
    access: read
    needs: []
    prompt: Mend it.
`,
    `
  - name: nobody answers
    answers: { mend: [{ failure: { reason: network } }] }
    expect: { status: failed }
`,
  );
  const tools = path.join(project.base, 'tools');
  mkdirSync(tools);
  for (const engine of ['codex', 'claude']) {
    writeFileSync(path.join(tools, engine), `#!/bin/sh\necho "$0" >> ${project.base}/started\n`);
    chmodSync(path.join(tools, engine), 0o755);
  }
  const env = { PATH: `${tools}:${project.environ['PATH'] ?? ''}` };
  const said = await report(project, [], { env });
  expect(said).toMatchObject({ code: 1, failed: 1 });
  expect([...failures(said)].sort()).toEqual([
    '4:11 mend asks claude-code once more (attempt 2), and the test has 1 answer',
    '4:11 plan asks codex, and the test has no answer',
  ]);
  const detail = said.tests[0]?.failures.map((one) => one.detail);
  expect(detail).toContain('Plan it,\nstep by step.');
  expect(existsSync(path.join(project.base, 'started'))).toBe(false);
});

test('answers and files lead nowhere out of the copy, by a link either', async () => {
  const project = testedProject(
    `name: work
steps:
  - { id: link, run: 'ln -s "$OUT" out', env: { OUT: "\${{ inputs.out }}" } }
  - { id: agent, engine: codex, access: write, prompt: Do it. }
inputs: { out: { type: string, required: true } }
`,
    `
  - name: out
    inputs: { out: OUT }
    answers: { agent: { files: { out/x: y } } }
    expect: { files: { out/x: absent } }
`,
  );
  project.write(
    '.codemachine/tests/work.test.yml',
    project.read('.codemachine/tests/work.test.yml').replace('OUT', project.base),
  );
  expect(failures(await report(project))).toEqual(['4:11 agent: out/x leads out of the workspace']);
  expect(existsSync(path.join(project.base, 'x'))).toBe(false);
});

test('the variables of the CI and of the machine are no part of it: github is empty unless a test says so', async () => {
  const project = testedProject(
    `name: work
steps:
  - { id: say, run: echo "$ACTOR at $SHA on $BRANCH", env: { ACTOR: "\${{ github.actor }}", SHA: "\${{ git.sha }}", BRANCH: "\${{ git.branch }}" } }
`,
    `
  - { name: empty, expect: { steps: { say: { stdout: { matches: "^ at [0-9a-f]{40} on main$" } } } } }
  - { name: said, env: { GITHUB_ACTOR: somebody }, expect: { steps: { say: { stdout: { contains: somebody } } } } }
`,
  );
  expect(failures(await report(project, [], { env: { GITHUB_ACTOR: 'real' } }))).toEqual([]);
});

const SLEEPS = `name: work
steps:
  - { id: sleep, run: "echo now > started; exec sleep 300", env: { NAPPING: "\${{ inputs.who }}" } }
inputs: { who: { type: string, required: true } }
`;
const sleepers = (mark: string) => `
  - { name: first, inputs: { who: ${mark} }, expect: { status: succeeded } }
  - { name: second, inputs: { who: ${mark} }, expect: { status: succeeded } }
`;

/** Whether a case of a project is at work. */
function atWork(base: string): boolean {
  return readdirSync(path.join(base, 'tmp')).some((name) =>
    existsSync(path.join(base, 'tmp', name, 'case-0/workspace/started')),
  );
}

test('Ctrl-C ends what runs, takes the copies away, and says what was left out', async () => {
  const project = testedProject(SLEEPS, sleepers('napping-one'));
  const running = startCli(project, ['test', '--jobs', '1', '--junit', 'report.xml']);
  await until(
    () => atWork(project.base),
    () => 'nothing was started',
  );
  running.child.kill('SIGINT');
  const end = await running.ended;
  expect(end).toMatchObject({ code: 130 });
  expect(end.stdout).toContain('2 tests: 2 skipped');
  expect(leftovers(project)).toEqual([]);
  expect(holding('napping-one')).toEqual([]);
  expect(project.read('report.xml')).toContain('<skipped/>');
});

test('a second Ctrl-C waits for nobody, and leaves nobody at work', async () => {
  const project = testedProject(
    SLEEPS.replace('exec sleep 300', "trap '' INT TERM; while :; do sleep 1; done"),
    sleepers('napping-four'),
  );
  const running = startCli(project, ['test', '--jobs', '1']);
  await until(
    () => atWork(project.base),
    () => 'nothing was started',
  );
  running.child.kill('SIGINT');
  let said = '';
  await new Promise<void>((resolve) => {
    running.child.stderr?.on('data', (text: string) => {
      said += text;
      if (said.includes('Once more to stop at once')) resolve();
    });
  });
  running.child.kill('SIGINT');
  expect(await running.ended).toMatchObject({ code: 130 });
  expect(leftovers(project)).toEqual([]);
  await until(
    () => holding('napping-four').length === 0,
    () => holding('napping-four').join('\n'),
  );
});

test('a kill leaves nothing in the repository, and nobody at work', async () => {
  const project = testedProject(SLEEPS, sleepers('napping-two'));
  const before = { tree: project.picture(), refs: project.git('for-each-ref') };
  const running = startCli(project, ['test']);
  await until(
    () => atWork(project.base),
    () => 'nothing was started',
  );
  running.child.kill('SIGKILL');
  await running.ended;
  expect({ tree: project.picture(), refs: project.git('for-each-ref') }).toEqual(before);
  expect(existsSync(project.stateDir)).toBe(false);
  await until(
    () => holding('napping-two').length === 0,
    () => holding('napping-two').join('\n'),
  );
  expect((await cli(project, ['runs'])).stdout).toContain('no runs yet');
});

test('a test that takes too long is stopped, and says so', async () => {
  const project = testedProject(
    SLEEPS,
    `
  - { name: long, inputs: { who: napping-three }, timeout: 1s, expect: { status: succeeded } }
`,
  );
  expect(failures(await report(project))).toEqual(['4:60 not finished after 1 s, so it was stopped']);
  expect(holding('napping-three')).toEqual([]);
});
