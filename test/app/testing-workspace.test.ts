// Holds where tests of workflows take answers and files from: recordings, fixtures, what is no repository.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { asStepKey } from '../../src/model/ids.ts';
import { stepDirectory } from '../../src/state/transcripts.ts';
import { makeProject, type Project } from '../support/repository.ts';
import { failures, report, testedProject } from './testing.ts';

function recorded(project: Project, prompt: string): void {
  project.write(
    'work.yml',
    `name: work\nsteps:\n  - { id: say, engine: codex, access: read, prompt: "${prompt}" }\n`,
  );
}

test('a recording answers, and one of another question is a difference to look at', async () => {
  const project = makeProject();
  recorded(project, 'One.\\nTwo.');
  const directory = path.join(project.root, 'rec', stepDirectory(asStepKey('say'), 1));
  mkdirSync(directory, { recursive: true });
  const request = {
    v: 1,
    step: 'say',
    attempt: 1,
    engine: 'codex',
    settings: { access: 'read' },
    prompt: 'One.\nTwo.',
  };
  const answer = { v: 1, ok: true, values: { text: 'said', engine: 'codex' } };
  writeFileSync(path.join(directory, 'request.json'), JSON.stringify(request));
  writeFileSync(path.join(directory, 'answer.json'), JSON.stringify(answer));
  project.write(
    'work.test.yml',
    'workflow: ./work.yml\ntests:\n  - { name: says, replay: rec, expect: { steps: { say: { text: said } } } }\n',
  );
  expect(failures(await report(project, ['work.test.yml']))).toEqual([]);
  recorded(project, 'One.\\nThree.');
  const { tests } = await report(project, ['work.test.yml']);
  expect(tests[0]?.failures).toMatchObject([
    { line: 3, column: 13, message: 'The step say asks something else than was recorded:' },
  ]);
  expect(tests[0]?.failures[0]?.detail).toContain('-Two.\n+Three.');
});

test('a fixture takes the place of the project, and no git is needed', async () => {
  const project = makeProject();
  const bare = path.join(project.base, 'bare');
  mkdirSync(path.join(bare, 'small'), { recursive: true });
  writeFileSync(path.join(bare, 'small/x.txt'), 'from the fixture\n');
  writeFileSync(path.join(bare, 'big.txt'), 'of the project\n');
  mkdirSync(path.join(bare, '.codemachine'));
  writeFileSync(path.join(bare, '.codemachine/config.yml'), 'defaults: { shell: node }\n');
  const work = `name: work
steps:
  - { id: one, shell: bash, run: "cat x.txt 2>/dev/null || cat big.txt; test ! -e .git" }
  - { id: two, run: console.log(6 * 7) }
`;
  writeFileSync(path.join(bare, 'work.yml'), work);
  writeFileSync(
    path.join(bare, 'work.test.yml'),
    'workflow: ./work.yml\ntests:\n' +
      '  - { name: fixture, workspace: small, expect: { steps: { one: { stdout: from the fixture }, two: { stdout: "42" } }, files: { big.txt: absent } } }\n' +
      '  - { name: project, expect: { steps: { one: { stdout: of the project } } } }\n',
  );
  expect(failures(await report(project, ['.'], { cwd: bare }))).toEqual([]);
});

test('names of any bytes are copied', async () => {
  const project = testedProject(
    'name: work\nsteps: [{ id: one, run: "ls -b in; cat in/*" }]\n',
    '\n  - { name: copied, expect: { steps: { one: { stdout: { matches: "^\\\\\\\\377$", contains: odd } } } } }\n',
  );
  mkdirSync(path.join(project.root, 'in'));
  const name = Buffer.concat([Buffer.from(`${project.root}/in/`), Buffer.from([0xff])]);
  writeFileSync(name, 'odd\n');
  expect(failures(await report(project))).toEqual([]);
});

test('many commands are executed where many are, in processes of their own', async () => {
  const steps = Array.from(
    { length: 70 },
    (_, i) => `  - { id: s${i}, needs: [], run: "echo ${i}; pwd >> where" }`,
  );
  const project = testedProject(
    `name: work\nsteps:\n${steps.join('\n')}\n`,
    '\n  - { name: many, runs: { s7: { stdout: seven } }, expect: { steps: { s7: { stdout: seven }, s69: { stdout: "69" } } } }\n',
  );
  expect(failures(await report(project))).toEqual([]);
});

test('steps of used workflows are named by their keys, those with an id of their own by that, and judges answered', async () => {
  const project = testedProject(
    `name: work
steps:
  - { id: build, engine: codex, access: read, prompt: Outer. }
  - { id: release, uses: ./part.yml }
  - id: fix
    matrix: { who: [a, b] }
    engine: codex
    access: read
    prompt: "Fix \${{ matrix.who }}"
  - id: pick
    reduce: { from: fix, mode: compare, agent: judge }
agents: { judge: { engine: codex, access: read } }
`,
    `
  - name: parts
    answers:
      build: { text: outer }
      release.build: { text: inner }
      fix: { text: fixed }
      pick: { output: { ranking: ["fix[b]", "fix[a]"], reasons: { "fix[a]": worse, "fix[b]": better } } }
    runs: { sign: { stdout: signed } }
    expect:
      steps:
        build: { text: outer, executions: 1 }
        release.build: { text: inner }
        sign: { stdout: signed }
        pick: { status: succeeded, executions: 1 }
      prompts: { build: Outer., release.build: Inner., pick: { contains: fixed } }
      order: [build, release, fix, pick]
`,
    {
      '.codemachine/workflows/part.yml': `name: part
secrets: [PART_TOKEN]
steps:
  - { id: build, engine: codex, access: read, prompt: Inner. }
  - { id: sign, run: exit 1, env: { T: "\${{ secrets.PART_TOKEN }}" } }
`,
    },
  );
  expect(failures(await report(project))).toEqual([]);
});
