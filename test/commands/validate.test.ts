// What `validate` does with many files at once, with what it is asked to print, and with what it may mend.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { PROGRAM } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { FINE, projectWith, say } from './project.ts';

beforeAll(built);

const SLIP = 'name: slip\nsteps:\n  - runn: echo\n';
const WARNED = 'steps:\n  - { prompt: hi, engine: codex }\n';
const DATA =
  'name: data\ninputs: { a: { type: string, required: true } }\nsteps:\n  # first\n  - run: echo ${{ inputs.a }} # why\n';

const read = (project: Project, file: string) => readFileSync(path.join(project.root, file), 'utf8');

describe('files', () => {
  it('without names are all of .codemachine/workflows, sorted by file and place', async () => {
    const project = projectWith({ b: SLIP, a: `${SLIP}  - runm: echo\n`, c: FINE });
    const { code, stdout, stderr } = await say(project, 'validate');
    expect(stdout.match(/--> .*/g)).toEqual([
      '--> .codemachine/workflows/a.yml:3:5',
      '--> .codemachine/workflows/a.yml:4:5',
      '--> .codemachine/workflows/b.yml:3:5',
    ]);
    expect(stdout).toMatch(/\n3 errors in 2 of 3 files; `--fix` mends them all\n$/);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
  });

  it('may be names, paths, directories and globs, each file once', async () => {
    const project = projectWith(
      { fine: FINE },
      {
        'flows/deep/one.yml': SLIP,
        'flows/two.yaml': SLIP,
        'flows/two.test.yml': 'cases: []\n',
        'flows/node_modules/x.yml': SLIP,
        'flows/.hidden/x.yml': SLIP,
        'other/three.yml': SLIP,
      },
    );
    const { stdout } = await say(project, 'validate fine flows flows/two.yaml other/*.yml fl*/**/*.yml');
    expect(stdout.match(/--> .*/g)).toEqual([
      '--> flows/deep/one.yml:3:5',
      '--> flows/two.yaml:3:5',
      '--> other/three.yml:3:5',
    ]);
    expect(stdout).toContain('3 errors in 3 of 4 files');
  });

  it('a directory called .codemachine holds a configuration too, which is no workflow', async () => {
    const project = projectWith({ fine: FINE }, { '.codemachine/config.yml': 'defaults: { timeout: 1h }\n' });
    expect(await say(project, 'validate .codemachine')).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['nothing.yml', 'there is no file nothing.yml'],
    ['zz*.yml', 'zz*.yml fits no workflow'],
    ['empty', 'there is no workflow empty'],
    ['a*b*c*d*e*f*.yml', 'has 6 stars'],
    ['- a.yml', '`-` is standard input, and stands alone'],
    ['--stdin-filename x.yml a', '`--stdin-filename` names what comes by standard input'],
    ['--fix -', '`--fix` needs a file'],
    ['--watch -', '`--watch` needs a file'],
    ['--fix --watch', 'do not go together'],
    ['--dry-run', '`--dry-run` shows what `--fix` would do'],
    ['--fix --dry-run --format sarif', '`--dry-run` prints a diff'],
  ])('refuses %s', async (line, words) => {
    const { code, stdout, stderr } = await say(projectWith({ fine: FINE }), `validate ${line}`);
    expect(stderr).toContain(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('one that cannot be read keeps nobody from the others', async () => {
    const project = projectWith({ a: SLIP, fine: FINE });
    symlinkSync('/nowhere/at/all.yml', path.join(project.root, '.codemachine/workflows/gone.yml'));
    const { code, stdout, stderr } = await say(project, 'validate');
    expect(stdout).toContain('a.yml:3:5');
    expect(stderr).toContain('gone.yml is not there');
    expect(code).toBe(2);
  });

  it('may come by standard input, under a name', () => {
    const project = projectWith({}, { 'flows/hello.md': 'Hello.\n' });
    const text = 'name: x\nsteps:\n  - { prompt-file: hello.md, engine: codex, access: read }\n  - runn: x\n';
    const out = (...args: string[]) => {
      try {
        return execFileSync(process.execPath, [PROGRAM, 'validate', '-', ...args], {
          cwd: project.root,
          env: project.environ,
          input: text,
          encoding: 'utf8',
        });
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    };
    // What a file names is looked for beside it.
    expect(out('--stdin-filename', 'flows/x.yml').match(/(error\[.*\]|--> .*)/g)).toEqual([
      'error[unknown-key]',
      '--> flows/x.yml:4:5',
    ]);
    expect(out().match(/(error\[.*\]|--> .*)/g)).toEqual([
      'error[missing-file]',
      '--> <stdin>:3:20',
      'error[unknown-key]',
      '--> <stdin>:4:5',
    ]);
  });
});

describe('exit codes', () => {
  it('warnings alone are 0, unless they are taken as errors', async () => {
    const project = projectWith({ w: WARNED });
    expect(await say(project, 'validate')).toMatchObject({ code: 0 });
    const { code, stdout } = await say(project, 'validate --strict');
    expect(stdout).toContain('error[access-unsaid]');
    expect(code).toBe(2);
  });
});

describe('--format', () => {
  it('json is what `codemachine schema diagnostics` says, in every case', async () => {
    const project = projectWith({ a: SLIP, b: WARNED, c: FINE, d: DATA });
    const schema = JSON.parse((await say(project, 'schema diagnostics')).stdout) as object;
    const fits = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
    for (const line of ['validate --format json', 'validate --format json c']) {
      const { stdout } = await say(project, line);
      fits(JSON.parse(stdout));
      expect(fits.errors ?? []).toEqual([]);
    }
    const { diagnostics } = JSON.parse((await say(project, 'validate a --format json')).stdout);
    expect(diagnostics).toEqual([
      {
        code: 'unknown-key',
        severity: 'error',
        message: '`runn` is not a key of a step',
        path: '.codemachine/workflows/a.yml',
        range: { start: { line: 3, column: 5 }, end: { line: 3, column: 9 } },
        suggestion: 'did you mean `run`?',
        fix: {
          description: 'write `run`',
          edits: [{ range: { start: { line: 3, column: 5 }, end: { line: 3, column: 9 } }, text: 'run' }],
        },
      },
    ]);
  });

  it('github names files from the root of the repository, wherever it is called', async () => {
    const project = projectWith({ a: SLIP });
    const cwd = path.join(project.root, '.codemachine');
    const { code, stdout } = await say(project, 'validate a --format github', { cwd });
    expect(stdout).toBe(
      '::error file=.codemachine/workflows/a.yml,line=3,col=5,endColumn=9,endLine=3,title=unknown-key::`runn` is not a key of a step%0Adid you mean `run`?\n1 file: 1 error, 0 warnings\n',
    );
    expect(code).toBe(2);
  });

  it('sarif is one document, with the pages of the codes', async () => {
    const { stdout } = await say(projectWith({ a: SLIP }), 'validate a --format sarif');
    const { runs } = JSON.parse(stdout) as {
      runs: [{ tool: { driver: { rules: { id: string; help: { text: string } }[] } } }];
    };
    const rule = runs[0].tool.driver.rules.find(({ id }) => id === 'unknown-key');
    expect(rule?.help.text).toContain('key');
  });

  it('text obeys no command that stands in a file, where GitHub reads along', async () => {
    const project = projectWith({
      a: 'name: a\nsteps:\n  - "::error::x": 1\n    run: "##[error]x"\n    y: 1\n',
    });
    const { stdout } = await say(project, 'validate a', { env: { GITHUB_ACTIONS: 'true' } });
    expect(stdout).not.toMatch(/^\s*::|##\[/m);
  });
});

describe('--fix', () => {
  it('mends what can only be meant in one way, and keeps every other byte', async () => {
    const project = projectWith({}, { 'a.yml': DATA, 'b.yml': `\ufeff${SLIP.replaceAll('\n', '\r\n')}` });
    const { code, stdout, stderr } = await say(project, 'validate a.yml b.yml --fix');
    expect(stdout).toBe('mended 2 problems in 2 files\na.yml, b.yml: valid\n');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(read(project, 'a.yml')).toBe(
      DATA.replace('echo ${{ inputs.a }} # why\n', 'echo "$A" # why\n    env: { A: "${{ inputs.a }}" }\n'),
    );
    expect(read(project, 'b.yml')).toBe(`\ufeff${SLIP.replaceAll('\n', '\r\n').replace('runn', 'run')}`);
  });

  it('goes on until there is nothing to mend, and says what is left', async () => {
    const project = projectWith(
      {},
      {
        'a.yml':
          "name: a\ninputs: { x: { type: string, required: true } }\nstep:\n  - runn: echo ${{ input.x }} '${{ inputs.x }}'\n",
      },
    );
    const { code, stdout } = await say(project, 'validate a.yml --fix');
    expect(read(project, 'a.yml')).toBe(
      'name: a\ninputs: { x: { type: string, required: true } }\nsteps:\n  - run: echo "$X" \'${{ inputs.x }}\'\n    env: { X: "${{ inputs.x }}" }\n',
    );
    expect(stdout).toContain('mended 4 problems in 1 file');
    expect(stdout).toMatch(/error\[data-in-run\][\s\S]*\n1 error\n$/);
    expect(code).toBe(2);
  });

  it('writes nothing that has more errors than before', async () => {
    const text = 'name: a\nstep:\n  - { run: echo, x: 1, y: 2 }\n';
    const project = projectWith({}, { 'a.yml': text });
    const { code, stdout } = await say(project, 'validate a.yml --fix');
    expect(read(project, 'a.yml')).toBe(text);
    expect(stdout).toContain('nothing to mend\n');
    expect(code).toBe(2);
  });

  it('keeps the mode of the file, and the link that leads to it, and leaves nothing beside it', async () => {
    const project = projectWith({}, { 'real/a.yml': SLIP });
    const real = path.join(project.root, 'real/a.yml');
    chmodSync(real, 0o751);
    symlinkSync('real/a.yml', path.join(project.root, 'link.yml'));
    expect(await say(project, 'validate link.yml --fix')).toMatchObject({ code: 0 });
    expect(read(project, 'real/a.yml')).toContain('run:');
    expect(statSync(real).mode & 0o777).toBe(0o751);
    expect(lstatSync(path.join(project.root, 'link.yml')).isSymbolicLink()).toBe(true);
    expect(readdirSync(path.join(project.root, 'real'))).toEqual(['a.yml']);
  });

  it('leaves a file alone whose bytes it cannot keep', async () => {
    const project = projectWith({}, { 'a.yml': '' });
    const bytes = Buffer.concat([Buffer.from(`${SLIP}# `), Buffer.from([0xff, 0x0a])]);
    writeFileSync(path.join(project.root, 'a.yml'), bytes);
    const { code, stderr } = await say(project, 'validate a.yml --fix');
    expect(stderr).toContain('a.yml was not mended: it has changed meanwhile, or is not UTF-8');
    expect(readFileSync(path.join(project.root, 'a.yml')).equals(bytes)).toBe(true);
    expect(code).toBe(2);
  });

  it('--dry-run prints a diff that git applies, and writes nothing', async () => {
    const project = projectWith({}, { 'a.yml': DATA, 'b.yml': `${SLIP}  - nonsense: 1` });
    const { code, stdout, stderr } = await say(project, 'validate a.yml b.yml --fix --dry-run');
    expect(read(project, 'a.yml')).toBe(DATA);
    expect(stderr).toContain('would mend 2 problems in 2 files');
    expect(stderr).toContain('error[unknown-key]: `nonsense`');
    expect(code).toBe(2);
    execFileSync('git', ['apply', '-'], { cwd: project.root, input: stdout });
    const mended = ['a.yml', 'b.yml'].map((file) => read(project, file));
    writeFileSync(path.join(project.root, 'a.yml'), DATA);
    writeFileSync(path.join(project.root, 'b.yml'), `${SLIP}  - nonsense: 1`);
    await say(project, 'validate a.yml b.yml --fix');
    expect(['a.yml', 'b.yml'].map((file) => read(project, file))).toEqual(mended);
  });

  it('with a format for programs, standard output is that format alone', async () => {
    const project = projectWith({}, { 'a.yml': SLIP });
    const { stdout, stderr } = await say(project, 'validate a.yml --fix --format json');
    expect(JSON.parse(stdout)).toEqual({ diagnostics: [] });
    expect(stderr).toBe('mended 1 problem in 1 file\n');
  });
});
