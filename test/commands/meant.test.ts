// What is meant where a command, a flag, a value or a name is mistyped: the nearest there is, with the command that lists all.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from '@oclif/core/command';
import { beforeAll, describe, expect, it } from 'vitest';
import { findWorkflow } from '../../src/app/find-workflow.ts';
import { locate } from '../../src/app/place.ts';
import { readCommands } from '../../src/app/usage/manifest.ts';
import { misuseOf, type ParserError } from '../../src/app/usage/misuse.ts';
import { unknownCommand } from '../../src/app/usage/unknown-command.ts';
import { built } from '../support/built.ts';
import { FINE, projectWith, sayAll } from './project.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

beforeAll(built);

/** What the parser throws for a command line that it does not take; no command gets as far as doing something. */
async function thrownBy(line: string): Promise<ParserError> {
  const [name = '', ...words] = line.split(' ');
  const file = pathToFileURL(path.join(ROOT, `dist/commands/${name}.js`)).href;
  const { default: command } = (await import(file)) as { default: typeof Command };
  try {
    await (command as unknown as { run(words: string[], root: string): Promise<unknown> }).run(words, ROOT);
  } catch (error) {
    return error as ParserError;
  }
  throw new Error(`${line} is taken`);
}

describe('a command line that the parser refuses', () => {
  it.each([
    [
      'run w --jsn',
      'run has no flag --jsn',
      'did you mean `--json`? `codemachine run --help` lists what it has',
    ],
    ['run w --inputz=a', 'run has no flag --inputz', 'did you mean `--input`?'],
    ['run w --var a=b', 'run has no flag --var', 'did you mean `--input`?'],
    ['run w --dry-run', 'run has no flag --dry-run', 'did you mean `--plan`?'],
    ['status --follow', 'status has no flag --follow', 'did you mean `--watch`?'],
    [
      'status --fail-fast',
      'status has no flag --fail-fast',
      '`codemachine run` and `codemachine test` have it',
    ],
    ['status --markers', 'status has no flag --markers', '`codemachine apply` has it'],
    ['cancel @last --qqqq', 'cancel has no flag --qqqq', '`codemachine cancel --help` lists what it has'],
    ['status -w', 'status has no flag -w', 'did you mean `--watch`?'],
    ['run', 'run needs a <workflow>: path, or name', '`codemachine validate` names those'],
    ['resume', 'resume needs a <run>', '`codemachine runs` lists them'],
    [
      'restore @last fix extra',
      'takes <run> <step>, and `extra` is one too many',
      'codemachine restore --help',
    ],
    ['answer @last ship aprove', '`aprove` is one too many', 'given as `--option approve`'],
    ['run w issue=4', '`issue=4` is one too many', 'an input is given as `--input issue=4`'],
    ['status @last watch', '`watch` is one too many', 'did you mean `--watch`?'],
    ['cost --by stpe', '--by cannot be stpe', 'did you mean `--by step`? There are: step, engine'],
    ['validate --format pdf', '--format cannot be pdf', 'there are: text, json'],
    ['schema wrkflow', 'there is no wrkflow here', 'did you mean `workflow`? There are: workflow, config'],
    ['runs --limit many', '--limit: expected an integer but received: many', 'codemachine runs --help'],
    ['run w --record', '--record needs a value', 'codemachine run --help'],
    ['export @last', '--output is missing', 'codemachine export --help'],
    ['run w --record a --replay b', '--replay and --record do not go together', 'codemachine run --help'],
  ])('%s', async (line, message, help) => {
    const commands = readCommands(ROOT);
    const said = misuseOf(await thrownBy(line), line.split(' ')[0] ?? '', commands);
    expect(said.message).toContain(message);
    expect(said.help).toContain(help);
    expect(`${said.message}${said.help}`).not.toMatch(/\u001b|See more help|\n/);
  });
});

describe('a command that there is not', () => {
  it.each([
    ['start', 'run'],
    ['ls', 'runs'],
    ['list', 'runs'],
    ['continue', 'resume'],
    ['rm', 'gc'],
    ['check', 'validate'],
    ['lint', 'validate'],
    ['stop', 'cancel'],
    ['log', 'logs'],
    ['history', 'runs'],
    ['undo', 'restore'],
    ['rum', 'run'],
    ['Staus', 'status'],
  ])('%s means %s', (word, meant) => {
    expect(unknownCommand([word], readCommands(ROOT))).toEqual({
      message: `there is no command ${word}`,
      help: `did you mean \`codemachine ${meant}\`? \`codemachine help\` lists all commands`,
    });
  });

  it('is one of these, or belongs behind another', () => {
    expect(unknownCommand(['paint', 'it'], readCommands(ROOT)).help).toMatch(/^there are: answer, apply, /);
    expect(unknownCommand(['--json', 'runs'], readCommands(ROOT)).help).toContain(
      '`codemachine runs --json`',
    );
  });

  it('is a workflow', () => {
    const [said] = sayAll(projectWith({ tidy: FINE }), ['tidy']);
    const { stderr, code } = said ?? {};
    expect(stderr).toContain('there is no command tidy\n  did you mean `codemachine run tidy`?');
    expect(code).toBe(2);
  });
});

it('says what was meant where no workflow is', () => {
  const project = projectWith(
    { tidy: FINE },
    { '.codemachine/workflows/ci/release.yml': FINE, 'flows/deploy.yaml': FINE, 'local.yml': FINE },
  );
  const place = locate({ cwd: project.root }, {});
  const own = '.codemachine/workflows';
  for (const [name, meant] of [
    ['tdy', 'tidy'],
    ['release', `${own}/ci/release.yml`],
    ['local', 'local.yml'],
    ['tidy.yml', 'tidy'],
    [`${own}/tidy.yaml`, `${own}/tidy.yml`],
    [`${own}/tidy`, `${own}/tidy.yml`],
    [`${own}/tiddy.yml`, `${own}/tidy.yml`],
    ['flows/deploy.yml', 'flows/deploy.yaml'],
    ['flows/depoly.yaml', 'flows/deploy.yaml'],
    ['tidyy.yml', 'tidy'],
  ] as const) {
    const found = findWorkflow(place, name);
    expect(found.ok ? '' : found.error.help, name).toBe(
      `did you mean \`${meant}\`? \`codemachine validate\` names all in .codemachine/workflows`,
    );
  }
  const none = findWorkflow(place, 'none/at/all.yml');
  expect(none.ok ? '' : none.error.help).toContain('look at the path; `codemachine validate`');
});

it('says what was meant where no run, step, gate or engine is', () => {
  const project = projectWith({
    w: 'steps:\n  - { id: test, run: "true" }\n  - { id: ship, gate: { message: Ship it? } }\n',
  });
  const [ran] = sayAll(project, ['run w']);
  const [id = ''] = /\d{8}-\d{6}-\w{4}/.exec(ran?.stdout ?? '') ?? [];
  const typo = `${id.slice(0, 5)}x${id.slice(6)}`;
  const cases = [
    [`status ${typo}`, id, 'codemachine runs'],
    ['status @lst', '@last', 'codemachine runs'],
    ['logs latest', '@last', 'codemachine runs'],
    ['gc @lats --dry-run', '@last', 'codemachine runs'],
    ['logs @last tset', 'test', `codemachine status ${id}`],
    ['diff @last tets', 'test', `codemachine status ${id}`],
    ['approve @last shp', 'ship', `codemachine status ${id}`],
    ['engines codexx', 'codex', 'codemachine engines'],
    ['plan w --skip tset', 'test', 'codemachine plan w'],
  ] as const;
  const ends = sayAll(
    project,
    cases.map(([line]) => line),
  );
  cases.forEach(([line, meant, list], at) => {
    expect(ends[at]?.stderr, line).toContain(`did you mean \`${meant}\`? \`${list}\``);
    expect(ends[at]?.code).toBe(2);
  });
});
