// Holds what every command prints with --json to its schema: where it does its work, where there is nothing, where it refuses.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { PRINTED_BY, SCHEMAS } from '../../src/app/schemas.ts';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { type End, manyCommands } from '../support/many-commands.ts';
import { makeProject, type Project } from '../support/repository.ts';
import { FAILING, FINE } from './project.ts';
import { agentDoes, agentProject, isolatedProject } from './tree-project.ts';

/** Commands that print nothing for programs, and why. */
const EXEMPT: Readonly<Record<string, string>> = {
  completion: 'what it prints is a script, for a shell',
};

const ROOT = path.resolve(import.meta.dirname, '../..');

interface Manifest {
  readonly commands: Readonly<Record<string, { readonly flags: Readonly<Record<string, unknown>> }>>;
}
const manifest = (): Manifest =>
  JSON.parse(readFileSync(path.join(ROOT, 'oclif.manifest.json'), 'utf8')) as Manifest;

const schemaFile = (name: string): string =>
  readFileSync(path.join(ROOT, `schemas/${name}.schema.json`), 'utf8');
const compiled = new Map<string, ValidateFunction>();
function validator(name: string): ValidateFunction {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const made = new Ajv2020({ strict: false, allErrors: true }).compile(
    JSON.parse(schemaFile(name)) as object,
  );
  compiled.set(name, made);
  return made;
}

/** Every line of output fits the schema of that name. */
function fits({ args, stdout, stderr }: Omit<End, 'code'>, name: string): void {
  const line = `codemachine ${args.join(' ')}\n${stderr}`;
  expect(stdout, line).toMatch(/^[[{][^\n]*\n/);
  expect(stdout.endsWith('\n'), line).toBe(true);
  const validate = validator(name);
  for (const one of stdout.trimEnd().split('\n')) {
    const value = JSON.parse(one) as unknown;
    if (!validate(value)) expect.fail(`${line}${one}\n${JSON.stringify(validate.errors, null, 1)}`);
  }
}

/** The words of a line, with `--json` before `--`. */
function wordsOf(line: string): readonly string[] {
  const [before = '', behind] = line.split(' -- ');
  return [...before.split(' '), '--json', ...(behind === undefined ? [] : ['--', ...behind.split(' ')])];
}

/** Each line of the table: a command line, the exit code, the schema that holds what it prints. */
type Row = readonly [line: string, code: number, schema: string];

const seen = new Map<string, Set<string>>();

function hold(project: Project, rows: readonly Row[]): readonly End[] {
  const ends = manyCommands(
    project,
    rows.map(([line]) => wordsOf(line)),
  );
  rows.forEach(([line, code, schema], index) => {
    const end = ends[index];
    if (end === undefined) throw new Error(line);
    expect({ line, code: end.code, said: end.code === code ? '' : end.stderr }).toEqual({
      line,
      code,
      said: '',
    });
    fits(end, schema);
    saw(line, schema);
  });
  return ends;
}

function saw(line: string, schema: string): void {
  const [command = ''] = line.split(' ');
  seen.set(command, (seen.get(command) ?? new Set()).add(schema));
}

const GATE =
  'steps:\n  - { id: ask, gate: { message: Ship it?, show: [diff], fields: { why: { type: string, required: true } } } }\n  - run: echo shipped\n';
const PLANNED = `inputs: { live: { type: boolean, default: false } }
budget: { usd: 5, tokens: 2M, time: 2h }
agents: { coder: { engine: claude-code, effort: high, budget: { usd: 1 } } }
concurrency: { group: release, on-conflict: queue }
steps:
  - { id: lint, run: echo, timeout: 5m, cache: { inputs: ["*.txt"] } }
  - { id: fix, agent: coder, prompt: Mend it., workspace: isolated, matrix: { n: [1, 2] } }
  - { id: again, loop: { max: 2, until: "\${{ true }}", steps: [{ run: echo }] } }
  - { id: ask, if: "\${{ inputs.live }}", gate: { message: Go on?, show: [diff] } }
  - { id: part, uses: ./part.yml }
finally:
  - run: echo over
`;

describe('--json', () => {
  beforeAll(built);

  it('is taken by every command, and each has a schema that is shipped', () => {
    const { commands } = manifest();
    const without = Object.entries(commands).filter(([, { flags }]) => flags['json'] === undefined);
    expect(without.map(([name]) => name)).toEqual(Object.keys(EXEMPT));
    const named = Object.keys(commands).filter((name) => EXEMPT[name] === undefined);
    expect(Object.keys(PRINTED_BY).sort()).toEqual(named.sort());
    const files = readdirSync(path.join(ROOT, 'schemas')).map((file) => file.replace('.schema.json', ''));
    expect([...SCHEMAS].sort()).toEqual(files.sort());
  });

  it('prints what the schemas say of commands that look, and of those that have nothing to show', () => {
    const project = makeProject({ '.codemachine/workflows/w.yml': `name: w\n${FINE}` });
    project.write('.codemachine/workflows/bad.yml', 'name: bad\nstep: []\n');
    project.write('.codemachine/workflows/fails.yml', `name: fails\n${FAILING}`);
    project.write('.codemachine/workflows/planned.yml', `name: planned\n${PLANNED}`);
    project.write('.codemachine/workflows/part.yml', `name: part\n${FINE}`);
    project.write(
      '.codemachine/t.test.yml',
      'workflow: w\ntests:\n  - { name: ends, expect: { status: succeeded } }\n',
    );
    hold(project, [
      ['--version', 0, 'version'],
      ['schema', 0, 'schemas'],
      ['runs', 0, 'runs'],
      ['cost', 0, 'cost'],
      ['gc', 0, 'gc'],
      ['doctor', 0, 'doctor'],
      ['engines codex', 0, 'engines'],
      ['validate w', 0, 'diagnostics'],
      ['validate bad w', 2, 'diagnostics'],
      ['plan w', 0, 'plan'],
      ['plan planned --input live=true --only lint --only fix', 0, 'plan'],
      ['run planned --plan', 0, 'plan'],
      ['test', 0, 'test-report'],
      ['run w', 0, 'event'],
      ['run fails', 1, 'event'],
      ['retry @failed', 1, 'event'],
      ['resume @failed', 1, 'event'],
      ['runs', 0, 'runs'],
      ['status', 0, 'status'],
      ['status @failed --watch', 0, 'event'],
      ['logs @failed', 0, 'logs'],
      ['plan w', 0, 'plan'],
      ['cost @last', 0, 'cost'],
      ['gc --keep 0 --dry-run', 0, 'gc'],
      ['gc --keep 0', 0, 'gc'],
      ['init --list', 0, 'templates'],
      ['init', 0, 'init'],
      ['init', 0, 'init'],
    ]);
    project.remove();
  });

  it('prints what they say of commands that decide', () => {
    const project = makeProject({ '.codemachine/workflows/w.yml': `name: w\n${GATE}` });
    project.write(
      '.codemachine/workflows/slow.yml',
      'name: slow\nsteps:\n  - run: echo begun; exec sleep 600\n',
    );
    const file = path.join(project.base, 'run.codemachine');
    hold(project, [
      ['run w', 3, 'event'],
      ['status', 0, 'status'],
      ['runs', 0, 'runs'],
      ['approve @last', 2, 'error'],
      ['approve @last --field why=fine --comment yes', 0, 'decision'],
      ['status', 0, 'status'],
      [`export @last -o ${file}`, 0, 'export'],
      [`import ${file}`, 0, 'import'],
      ['resume @last', 0, 'event'],
      ['run w', 3, 'event'],
      ['reject @last', 0, 'decision'],
      ['run w', 3, 'event'],
      ['answer @last --option approve --field why=x --resume', 0, 'event'],
      ['run w', 3, 'event'],
      ['cancel @last', 0, 'request'],
      ['run w', 3, 'event'],
      ['answer @last --option approve --field why=x', 0, 'decision'],
      ['approve @last --resume', 2, 'error'],
      ['run w', 3, 'event'],
      ['approve @last --field why=x --resume', 0, 'event'],
      ['run w', 3, 'event'],
      ['reject @last --resume', 1, 'event'],
    ]);
    const [detached] = hold(project, [['run slow --detach', 0, 'detached']]);
    expect(detached?.stderr).toContain('status');
    hold(project, [
      ['pause @last', 0, 'request'],
      ['cancel @last', 0, 'request'],
      ['status @last --watch', 0, 'event'],
    ]);
    project.remove();
  });

  it('prints what they say of commands that put files in place', () => {
    const project = agentProject('echo agent >> a.txt; echo n > n.txt; exit 1');
    hold(project, [['run w', 1, 'event']]);
    agentDoes(project, 'echo other >> a.txt');
    hold(project, [
      ['resume @last', 0, 'event'],
      ['status', 0, 'status'],
      ['diff @last fix.1 -- n.txt', 0, 'diff'],
      ['apply @last fix.1', 1, 'apply'],
      ['apply @last fix.1 --markers', 1, 'apply'],
      ['restore @last --before --dry-run', 0, 'restore'],
      ['restore @last fix --after --yes', 0, 'restore'],
      ['restore @last fix --before --head --yes', 0, 'restore'],
      ['apply @last fix.1', 0, 'apply'],
    ]);
    project.remove();
    const apart = isolatedProject();
    hold(apart, [
      ['run w', 1, 'event'],
      ['status', 0, 'status'],
      ['diff @last right', 0, 'diff'],
      ['apply @last right --take step -- a.txt', 0, 'apply'],
    ]);
  });

  it('prints one object where a command refuses, and nothing else', async () => {
    const project = makeProject({
      'a.txt': 'a\n',
      '.codemachine/workflows/bad.yml': 'name: bad\nstep: []\n',
    });
    const commands = Object.keys(PRINTED_BY);
    const lines = commands.map((name): Row => [`${name} --no-such-flag`, 2, 'error']);
    const ends = hold(project, [
      ...lines,
      ['paint it', 2, 'error'],
      ['run bad', 2, 'error'],
      ['run none', 2, 'error'],
      ['plan bad', 2, 'error'],
      ['validate none', 2, 'error'],
      ['validate --format sarif', 2, 'error'],
      ['test', 2, 'error'],
      ['engines none', 2, 'error'],
      ['import none', 2, 'error'],
      ['schema none', 2, 'error'],
      ['cost --since ever', 2, 'error'],
      ['gc --older-than ever', 2, 'error'],
      ...['status', 'logs', 'diff', 'resume', 'retry', 'cancel', 'pause', 'approve', 'reject', 'restore'].map(
        (name): Row => [`${name} @last${name === 'restore' ? ' --before' : ''}`, 2, 'error'],
      ),
      ['answer @last --option a', 2, 'error'],
      ['apply @last fix', 2, 'error'],
      ['export @last -o x', 2, 'error'],
      ['run none --detach', 2, 'error'],
    ]);
    const codes = ends.map(({ stdout }) => (JSON.parse(stdout) as { error: { code: string } }).error.code);
    expect([...new Set(codes)].sort()).toEqual(['invalid', 'no-run', 'no-workflow', 'refused', 'usage']);
    const bad = ends.find(({ args }) => args[0] === 'run' && args[1] === 'bad');
    const { error } = JSON.parse(bad?.stdout ?? '') as { error: { diagnostics: object[] } };
    expect(validator('diagnostics')({ diagnostics: error.diagnostics })).toBe(true);
    expect(error.diagnostics).toHaveLength(1);
    hold(project, [
      ['runs --state-dir a.txt', 2, 'error'],
      ['status --state-dir a.txt', 2, 'error'],
    ]);
    // In processes of their own: oclif ends one, and prints at once.
    const own = await cli(project, ['runs', '--limit', 'none', '--json']);
    fits({ args: [], ...own }, 'error');
    const people = await cli(project, ['runs', '--limit', 'none']);
    expect(people).toMatchObject({ code: 2, stdout: '' });
    project.remove();
  });

  it('was looked at for every command: what it prints, and how it refuses', () => {
    for (const [command, schemas] of Object.entries(PRINTED_BY))
      expect([...(seen.get(command) ?? [])].sort(), command).toEqual([...schemas, 'error'].sort());
  });
});
