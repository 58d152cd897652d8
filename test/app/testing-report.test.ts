// Holds what `codemachine test` prints, refuses and chooses.
import { expect, test } from 'vitest';
import { cli } from '../support/cli.ts';
import { makeProject } from '../support/repository.ts';
import { failures, report, testedProject } from './testing.ts';

const TWO = `name: work
agents: { a: { engine: codex, access: write } }
steps:
  - id: plan
    agent: a
    prompt: |
      Plan what the issue asks for.
      Touch only files below src.
      Say what you are not sure of.
  - id: test
    run: echo "1 of 3 tests failed" >&2; echo "see report.txt" >&2; exit 1
  - id: ship
    run: echo shipped
`;

/** Without what differs from call to call. */
const steady = (text: string) => text.replace(/\([\d.]+m?s\)/g, '(<time>)');

test('the screen names places, what was expected, what was found, and the lines that matter', async () => {
  const project = testedProject(
    TWO,
    `
  - name: is told what to do
    answers: { plan: { text: Planned., files: { "src/a.ts": "let a = 1\\nlet b = 2\\n" } } }
    expect:
      steps:
        ship: { status: succeeded, stdout: shipped }
        plan: { text: { matches: ^Plan$ } }
      order: [test, plan]
      prompts:
        plan:
          contains:
            - Say what you are not sure of.
            - |
              Touch only files below lib.
              Say what you are not sure of.
      files:
        src/a.ts: |
          let a = 1
          let b = 3
`,
  );
  const end = await cli(project, ['test']);
  expect(end).toMatchObject({ code: 1, stderr: '' });
  expect(steady(end.stdout)).toBe(`✖ .codemachine/tests/work.test.yml › is told what to do (<time>)
  .codemachine/tests/work.test.yml:6:5: expect.status
    expected: succeeded
    found:    failed
    | test: exit code 1: see report.txt
    | 1 of 3 tests failed
  .codemachine/tests/work.test.yml:8:25: expect.steps.ship.status
    expected: succeeded
    found:    blocked (\`test\` failed)
  .codemachine/tests/work.test.yml:8:44: expect.steps.ship.stdout
    expected: "shipped"
    found:    nothing
  .codemachine/tests/work.test.yml:9:34: expect.steps.plan.text.matches
    expected: fits /^Plan$/
    found:    "Planned."
  .codemachine/tests/work.test.yml:10:21: expect.order.1
    expected: plan starts after test
    found:    plan started before test
  .codemachine/tests/work.test.yml:15:15: expect.prompts.plan.contains.1
    expected: with "Touch only files below lib.\\nSay what you are not sure of."
    found:    "Plan what the issue asks for.\\nTouch only files below src.\\nSay what you are not sure of."
    | - as expected, + as it is
    | @@ -1,2 +1,2 @@
    | -Touch only files below lib.
    | +Touch only files below src.
    |  Say what you are not sure of.
  .codemachine/tests/work.test.yml:19:19: expect.files.src/a.ts
    expected: "let a = 1\\nlet b = 3"
    found:    "let a = 1\\nlet b = 2"
    | - as expected, + as it is
    | @@ -1,2 +1,2 @@
    |  let a = 1
    | -let b = 3
    | +let b = 2
1 test: 1 failed (<time>)
`);
});

test('what is wrong with test files is said at once, with places and suggestions, and nothing runs', async () => {
  const project = testedProject(
    TWO,
    `
  - name: typos
    anwsers: { plan: { text: x } }
    timeout: 5
    replay: recordings/gone
    expect:
      steps: { shipp: succeeded, test: { status: fine, failure: { reason: exitcode } } }
      files: { ../out: absent, x: { matches: "(" } }
  - name: typos
    answers: { ship: { text: x } }
    expect: { not-run: [tests], prompts: { "plan[2]": x } }
`,
  );
  const shape = await cli(project, ['test']);
  expect(shape).toMatchObject({ code: 2, stdout: '' });
  expect(shape.stderr.match(/^error.*|^ *--> .*/gm)).toEqual([
    'error[unknown-key]: `anwsers` is not a key of a test',
    ' --> .codemachine/tests/work.test.yml:5:5',
    'error[bad-duration]: `timeout` cannot be `5`: it is a duration, a number with a unit',
    ' --> .codemachine/tests/work.test.yml:6:14',
    'error[bad-value]: `status` cannot be `fine`',
    ' --> .codemachine/tests/work.test.yml:9:50',
    'error[bad-value]: `reason` cannot be `exitcode`',
    ' --> .codemachine/tests/work.test.yml:9:75',
  ]);
  expect(shape.stderr).toContain('did you mean `answers`?');
  project.write(
    '.codemachine/tests/work.test.yml',
    project
      .read('.codemachine/tests/work.test.yml')
      .replace('anwsers', 'answers')
      .replace('timeout: 5', 'timeout: 5m')
      .replace('fine', 'failed')
      .replace('exitcode', 'exit-code'),
  );
  const meaning = await cli(project, ['test']);
  expect(meaning.stderr.match(/^error.*|^ *--> .*/gm)).toEqual([
    'error[outside-workspace]: `files` `../out` leads out of the workspace',
    '  --> .codemachine/tests/work.test.yml:10:16',
    'error[wrong-type]: `matches` must be a regular expression, and this is none: /(/mu: Unterminated group',
    '  --> .codemachine/tests/work.test.yml:10:46',
    'error[duplicate-item]: `typos` stands in the names of `tests` twice',
    '  --> .codemachine/tests/work.test.yml:11:11',
  ]);
  project.write(
    '.codemachine/tests/work.test.yml',
    project
      .read('.codemachine/tests/work.test.yml')
      .replace('../out: absent, x: { matches: "(" }', 'out: absent')
      .replace('  - name: typos\n    answers: { ship', '  - name: more\n    answers: { ship'),
  );
  const steps = await cli(project, ['test']);
  expect(steps).toMatchObject({ code: 2, stdout: '' });
  expect(steps.stderr.match(/^error.*|^ *--> .*/gm)).toEqual([
    'error[missing-file]: `recordings/gone` cannot be read: there is no such directory',
    ' --> .codemachine/tests/work.test.yml:7:13',
    'error[unknown-step]: there is no step with the id `shipp`',
    ' --> .codemachine/tests/work.test.yml:9:16',
    'error[bad-value]: a key of `answers` cannot be `ship`',
    '  --> .codemachine/tests/work.test.yml:12:16',
    'error[unknown-step]: there is no step with the id `tests`',
    '  --> .codemachine/tests/work.test.yml:13:25',
    'error[unknown-step]: there is no step with the id `plan[2]`',
    '  --> .codemachine/tests/work.test.yml:13:44',
  ]);
});

test('a workflow that is wrong is said as `validate` says it', async () => {
  const project = testedProject(
    'name: work\nsteps: [{ run: x, rum: y }]\n',
    '\n  - { name: a, expect: { status: succeeded } }\n',
  );
  const end = await cli(project, ['test']);
  expect(end).toMatchObject({ code: 2, stdout: '' });
  expect(end.stderr).toContain('.codemachine/workflows/work.yml:2:19');
  project.write(
    '.codemachine/tests/work.test.yml',
    'workflow: wrok\ntests: [{ name: a, expect: { status: failed } }]\n',
  );
  const misspelt = await cli(project, ['test']);
  expect(misspelt.code).toBe(2);
  expect(misspelt.stderr).toContain('--> .codemachine/tests/work.test.yml:1:11');
  expect(misspelt.stderr).toContain('did you mean `work`?');
});

test('where there is nothing to run, the next move is said', async () => {
  const project = makeProject();
  const nothing = await cli(project, ['test']);
  expect(nothing).toMatchObject({ code: 2, stdout: '' });
  expect(nothing.stderr).toContain('there is no test below .codemachine');
  expect(nothing.stderr).toContain('write `.codemachine/tests/<workflow>.test.yml`');
  expect((await cli(project, ['test', 'gone.test.yml'])).stderr).toContain('there is no file gone.test.yml');
  expect((await cli(project, ['test', '.'])).stderr).toContain('there is no test below .');
});

const FOUR = `
  - { name: asks first, expect: { steps: { one: { stdout: "1" } } } }
  - { name: asks second, expect: { steps: { one: { stdout: "2" } } } }
  - { name: a/slash, expect: { steps: { one: { stdout: "3" } } } }
  - { name: last, expect: { steps: { one: { stdout: "1" } } } }
`;
const ONE = 'name: work\nsteps: [{ id: one, run: echo 1 }]\n';

test('tests are chosen by name, and left out after a failure', async () => {
  const project = testedProject(ONE, FOUR);
  const statuses = async (...args: string[]) =>
    (await report(project, args)).tests.map(({ name, status }) => `${name}: ${status}`);
  expect(await statuses('--only', 'asks *')).toEqual(['asks first: passed', 'asks second: failed']);
  expect(await statuses('--only', 'a*')).toHaveLength(3);
  expect(await statuses('--fail-fast', '--jobs', '1')).toEqual([
    'asks first: passed',
    'asks second: failed',
    'a/slash: skipped',
    'last: skipped',
  ]);
  expect(await statuses('--jobs', '4')).toEqual([
    'asks first: passed',
    'asks second: failed',
    'a/slash: failed',
    'last: passed',
  ]);
  const none = await cli(project, ['test', '--only', 'asked']);
  expect(none).toMatchObject({ code: 2, stdout: '' });
  expect(none.stderr).toContain('there are `asks first`, `asks second`, `a/slash`, `last`');
});

test('JUnit is printed, or written besides', async () => {
  const project = testedProject(ONE, FOUR);
  const printed = await cli(project, ['test', '--format', 'junit']);
  expect(printed.code).toBe(1);
  expect(printed.stdout).toContain('<testsuites name="codemachine test" tests="4" failures="2"');
  const besides = await cli(project, ['test', '--junit', 'out.xml', '--only', 'last']);
  expect(besides).toMatchObject({ code: 0 });
  expect(besides.stdout).toContain('1 test: 1 passed');
  expect(project.read('out.xml')).toContain(
    '<testcase name="last" classname=".codemachine/tests/work.test.yml"',
  );
  const nowhere = await cli(project, ['test', '--junit', 'gone/out.xml']);
  expect(nowhere).toMatchObject({ code: 2 });
  expect(nowhere.stderr).toContain('--junit gone/out.xml cannot be written (ENOENT)');
});

test('a hostile regular expression ends', async () => {
  const project = testedProject(
    `name: work\nsteps: [{ id: one, run: "echo ${'a'.repeat(60)}!" }]\n`,
    '\n  - { name: hangs, expect: { steps: { one: { stdout: { matches: "^(a+)+$" } } } } }\n',
  );
  expect(failures(await report(project))).toEqual([
    '4:65 expect.steps.one.stdout.matches | fits /^(a+)+$/ | the expression was still at work after 1 s; write a simpler one',
  ]);
});
