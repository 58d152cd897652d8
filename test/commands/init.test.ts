// Gives projects their first workflow through the built program.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { atTerminal } from '../app/terminal.ts';
import { built } from '../support/built.ts';
import { PROGRAM } from '../support/cli.ts';
import { projectOf } from '../support/few-tools.ts';
import type { Project } from '../support/repository.ts';
import { say } from './project.ts';

beforeAll(built);

const MINE = '.codemachine/workflows';

/** All that lies below a directory: links as what they say. */
const picture = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return `${file} ${entry.isSymbolicLink() ? readlinkSync(file) : entry.isFile() ? readFileSync(file, 'utf8') : ''}`;
    })
    .sort();

/** What there is of ours. */
const ours = (project: Project): readonly string[] =>
  existsSync(path.join(project.root, '.codemachine'))
    ? readdirSync(path.join(project.root, '.codemachine'), { recursive: true, encoding: 'utf8' }).sort()
    : [];

const ALL = ['.gitignore', 'config.yml', 'workflows', 'workflows/linear.yml'];
const RUN = "codemachine run linear --input change='What shall be different afterwards'";

const DECLARED = `
engines:
  mine:
    command: [sh, -c, 'cat >/dev/null; touch done; echo "{\\"id\\": \\"s\\", \\"text\\": \\"fine\\"}"']
    output: jsonl
    map: { text: text, session: id }
    access: { write: [] }
    session: { continue: ["{session}"] }
`;

describe('codemachine init', () => {
  it('says what is missing where there is nothing, and what can be typed all the same', async () => {
    const project = projectOf();
    const first = await say(project, 'init');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toBe(`wrote .codemachine/workflows/linear.yml
wrote .codemachine/config.yml
wrote .codemachine/.gitignore

–  claude-code  not found
    install it with \`npm install -g @anthropic-ai/claude-code\`, or name it under \`engines:\` in the configuration
–  tests        no command that runs them was found
    write it into line 50 of .codemachine/workflows/linear.yml; what stands there now fails

next:
  codemachine plan linear

when nothing is missing any more, in your own words:
  ${RUN}
`);
    expect(ours(project)).toEqual(ALL);
    expect(project.read(`${MINE}/linear.yml`).split('\n')[49]).toMatch(/^ {4}run: .* exit 1$/);
    expect(await say(project, 'validate --strict')).toMatchObject({ code: 0 });
    expect(await say(project, 'plan linear')).toMatchObject({ code: 0 });
    const before = project.read('.codemachine/config.yml');
    const again = await say(project, 'init');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('.codemachine/workflows/linear.yml is there already, and stays as it is');
    expect(again.stdout).not.toContain('wrote');
    expect(project.read('.codemachine/config.yml')).toBe(before);
  });

  it('puts in what is there', async () => {
    const package_ = JSON.stringify({ scripts: { test: 'vitest' } });
    const files = { 'package.json': package_, 'pnpm-lock.yaml': '', 'sub/x': '' };
    const project = projectOf(files, { codex: 'codex-cli 0.169.0', opencode: '1.0.0', pnpm: '9.0.0' });
    const env = { CODEX_API_KEY: 'k' };
    const { code, stdout } = await say(project, 'init --json', { env, cwd: path.join(project.root, 'sub') });
    const said = JSON.parse(stdout);
    expect({ code, said }).toEqual({
      code: 0,
      said: {
        ...{ root: project.root, git: true, template: 'linear', workflow: `${MINE}/linear.yml` },
        written: [`${MINE}/linear.yml`, '.codemachine/config.yml', '.codemachine/.gitignore'],
        kept: [],
        engines: [
          { name: 'codex', used: true, found: true, version: '0.169.0', 'signed-in': 'yes' },
          { name: 'opencode', used: false, found: true, version: '1.0.0' },
        ],
        tests: { command: 'pnpm test', from: 'package.json' },
        open: [],
        next: RUN,
      },
    });
    expect(project.read(`${MINE}/linear.yml`)).toContain('run: pnpm test\n');
    expect(project.read('.codemachine/config.yml')).toContain('engine: codex #');
    const signedOut = await say(project, 'init -t parallel-agents');
    expect(signedOut.stdout).toMatch(/^– {2}codex .* 0\.169\.0, nothing that signs it in$/m);
    expect(signedOut.stdout).toMatch(/^✔ {2}also here {2}opencode$/m);
    expect(ours(project)).toContain('workflows/parallel-agents.yml');
  });

  it('ends with a command that works', async () => {
    const project = projectOf();
    project.write('.codemachine/config.yml', DECLARED);
    const args = ['init', '-t', 'looped-fix', '--engine', 'mine', '--test', 'test -e done', '--json'];
    const { stdout } = spawnSync(process.execPath, [PROGRAM, ...args], {
      ...{ cwd: project.root, env: project.environ, encoding: 'utf8' },
    });
    const { next, kept } = JSON.parse(stdout) as { next: string; kept: unknown };
    expect({ next, kept }).toEqual({ next: 'codemachine run looped-fix', kept: ['.codemachine/config.yml'] });
    const run = await say(project, next.replace('codemachine ', ''));
    expect(run.stdout).toContain('looped-fix succeeded');
    expect(run.code).toBe(0);
  });

  it('says what a template leaves to the project, as long as it is not there', async () => {
    const project = projectOf({ 'go.mod': '' }, { claude: '2.1.400' });
    const env = { ANTHROPIC_API_KEY: 'k' };
    const first = await say(project, 'init -t gated-release', { env });
    expect(first.stdout).toContain(`–  yours        scripts/release.sh is not there
    it is for you to write; line 11 of .codemachine/workflows/gated-release.yml says what it is for

next:
  codemachine plan gated-release
`);
    project.write('scripts/release.sh', '', 0o755);
    const again = await say(project, 'init -t gated-release', { env });
    expect(again.stdout).not.toContain('yours');
    expect(again.stdout).toContain('next:\n  codemachine run gated-release\n');
  });

  it('leaves a workflow of the name alone, whatever its ending', async () => {
    const project = projectOf({
      '.codemachine/workflows/linear.yaml': 'name: mine\nsteps: [{ run: echo }]\n',
    });
    const { code, stdout } = await say(project, 'init');
    expect(code).toBe(0);
    expect(stdout).toContain('.codemachine/workflows/linear.yaml is there already');
    expect(stdout).toContain('next:\n  codemachine run linear\n');
    expect(ours(project)).not.toContain('workflows/linear.yml');
  });

  it('says what keeps the workflow from commits, and what there is no git for', async () => {
    const hidden = projectOf({ '.gitignore': 'x\n.codemachine\n' });
    const { stdout } = await say(hidden, 'init');
    expect(stdout).toContain('stays out of commits, by .gitignore:2, `.codemachine`');
    expect(ours(hidden)).toEqual(ALL.filter((name) => name !== '.gitignore'));
    const bare = projectOf();
    rmSync(path.join(bare.root, '.git'), { recursive: true });
    const end = await say(bare, `init ${bare.root}`, { cwd: bare.base });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(end.stdout).toContain('this is no repository: agents that write are refused here');
    expect(end.stdout).toContain('next:\n  cd repo && git init && codemachine plan linear\n');
    expect(ours(bare)).toEqual(ALL);
  });

  it('writes nothing where it refuses, and says why', () => {
    const project = projectOf();
    const link = (to: string) => (root: string) => symlinkSync(to, path.join(root, '.codemachine'));
    const write = (name: string, text: string) => (root: string) => {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    };
    const nothing = (): void => undefined;
    const refusals: readonly (readonly [args: string, words: string, prepare: (root: string) => void])[] = [
      ['nowhere', 'there is no directory', nothing],
      ['. -t liner', 'did you mean `linear`?', nothing],
      ['. --engine cdex', 'did you mean `codex`?', nothing],
      ['.', '.codemachine is a file, and has to be a directory', write('.codemachine', '')],
      ['.', '.codemachine/config.yml is no file', write('.codemachine/config.yml/x', '')],
      ['.', '.codemachine is a link that leads nowhere', link('nothing')],
      ['.', '.codemachine is a link that leads out of', link(project.home)],
      ['.', 'did you mean `engines`?', write('.codemachine/config.yml', 'engine: x\n')],
      [
        '.',
        'the template linear cannot be run as it would stand here',
        write('.codemachine/config.yml', 'policy: { max-access: read }\n'),
      ],
    ];
    const roots = refusals.map(([args, , prepare], index) => {
      const root = path.join(project.base, `refusal-${index}`);
      mkdirSync(path.join(root, '.git'), { recursive: true });
      prepare(root);
      const [dir = '', ...rest] = args.split(' ');
      return { root, before: picture(root), line: ['init', path.join(root, dir), ...rest, '--json'] };
    });
    const script = path.resolve(import.meta.dirname, '../support/many-commands.mjs');
    const { stdout } = spawnSync(process.execPath, [script], {
      ...{ cwd: project.root, env: project.environ, encoding: 'utf8' },
      input: JSON.stringify(roots.map(({ line }) => line)),
    });
    const ends = JSON.parse(stdout) as readonly { code: number; stdout: string }[];
    refusals.forEach(([, words], index) => {
      const { code, stdout: said = '' } = ends[index] ?? {};
      expect({ words, code, at: said.includes(words) ? words : said }).toEqual({ words, code: 2, at: words });
      const { root = '', before } = roots[index] ?? {};
      expect(picture(root), words).toEqual(before);
    });
    expect(readdirSync(project.home)).toEqual([]);
  });

  // Only root can become somebody else, who must be able to reach Node and this house.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
  const look = ['-e', 'fs.readFileSync(process.argv[1])', PROGRAM];
  const strangers = nobody !== undefined && spawnSync(process.execPath, look, nobody).status === 0;

  it.skipIf(!strangers)('writes nothing where it may not write', () => {
    const project = projectOf();
    rmSync(path.join(project.root, '.git'), { recursive: true });
    chmodSync(project.base, 0o755);
    const options = { ...nobody, cwd: '/', env: project.environ, encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'init', project.root], options);
    expect(stderr).toContain('cannot be written: the directory may not be written to; nothing was changed');
    expect(status).toBe(2);
  });
});

describe('codemachine init --list', () => {
  it('names the templates with what they do', async () => {
    const project = projectOf();
    const { stdout } = await say(project, 'init --list --json');
    const all = JSON.parse(stdout) as readonly { readonly name: string; readonly does: string }[];
    expect(all[0]).toEqual({ name: 'linear', does: expect.stringMatching(/^Plans a change/) });
    const text = await say(project, 'init --list');
    expect(text.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      ...all.map(({ name }) => name),
      '',
    ]);
    expect(ours(project)).toEqual([]);
  });
});

describe('where something is missing', () => {
  it('says what the tests need, and leaves the run for later', async () => {
    const project = projectOf({ 'go.mod': 'module x\n' }, { claude: '2.1.400 (Claude Code)' });
    const { stdout } = await say(project, 'init', { env: { ANTHROPIC_API_KEY: 'k' } });
    expect(stdout).toContain('–  tests        `go test ./...`, from go.mod; `go` is not installed here\n');
    expect(stdout).toContain('next:\n  codemachine plan linear\n');
  });

  it('says with the plan that an engine is not here, and shows it all the same', async () => {
    const project = projectOf();
    await say(project, 'init');
    const { code, stdout, stderr } = await say(project, 'plan linear');
    expect(code).toBe(0);
    expect(stdout).toContain('claude-code');
    expect(stderr).toMatch(
      /claude-code \(.*\): there is no `claude` in PATH; install it with `npm install -g/,
    );
  });

  it('says to install git before a repository is begun', async () => {
    const project = projectOf();
    rmSync(path.join(project.root, '.git'), { recursive: true });
    rmSync(path.join(project.base, 'bin', 'git'));
    const { stdout } = await say(project, 'init');
    expect(stdout).toContain('next, once git is installed:\n  git init && codemachine plan linear\n');
    const { code, stderr } = await say(project, 'plan linear');
    expect(code).toBe(2);
    expect(stderr).toContain('install git, then run `git init` here');
    expect((await say(project, 'doctor')).stdout).toMatch(/claude-code +there is no `claude` in PATH/);
  });
});

describe('at a terminal', () => {
  const HERE = { claude: '2.1.400 (Claude Code)', codex: 'codex-cli 0.169.0' };

  it('asks three things, each answered by Enter', async () => {
    const project = projectOf({ 'go.mod': 'module x\n' }, HERE);
    const { code, screen } = await atTerminal(project, 'init', 'template (', (press) => press('\n\n\n'));
    expect(code).toBe(0);
    expect(screen).toContain('template (Enter for linear): ');
    expect(screen).toContain('engine: claude-code, codex (Enter for what the template says): ');
    expect(screen).toContain('command that runs the tests (Enter for `go test ./...`, from go.mod): ');
    expect(project.read(`${MINE}/linear.yml`)).toContain('run: go test ./...\n');
  });

  it('takes answers, and asks again where there is no such thing', async () => {
    const project = projectOf({}, HERE);
    const keys = 'nothing\nloop\ncodex\nmake tests # all\n';
    const { code, screen } = await atTerminal(project, 'init', 'template (', (press) => press(keys));
    expect(screen).toContain('there is no nothing: ');
    expect(code).toBe(0);
    expect(project.read(`${MINE}/looped-fix.yml`)).toContain('run: "make tests # all"\n');
    expect(project.read(`${MINE}/looped-fix.yml`)).toContain('engine: codex,');
  });

  it('writes nothing for who goes away', async () => {
    const project = projectOf({}, HERE);
    const { code, screen } = await atTerminal(project, 'init', 'template (', (press) => press('\n\u0004'));
    expect(screen).toContain('nothing was written');
    expect(code).toBe(4);
    expect(ours(project)).toEqual([]);
  });

  it('says so at Ctrl-C too', async () => {
    const project = projectOf({}, HERE);
    const { code, screen } = await atTerminal(project, 'init', 'template (', (press) => press('\u0003'));
    expect(screen).toMatch(/\n.*nothing was written/);
    expect(code).toBe(130);
    expect(ours(project)).toEqual([]);
  });
});
