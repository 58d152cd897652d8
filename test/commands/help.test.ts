// Holds help to what teaches: examples that can be typed, in a screen of a terminal, with the page that says more.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandHelp, rootHelp } from '../../src/app/usage/help.ts';
import { FLAG_GROUPS, GROUPS, MORE } from '../../src/app/usage/help-words.ts';
import { namesOf, plainExample, readCommands } from '../../src/app/usage/manifest.ts';
import { built } from '../support/built.ts';
import { projectWith, sayAll } from './project.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

beforeAll(built);

/** The words of a command line as a shell makes them, up to where its output goes elsewhere. */
function wordsOf(line: string): readonly string[] {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  return words.slice(1, words.includes('>') ? words.indexOf('>') : undefined);
}

const commands = readCommands(ROOT);

describe.each(namesOf(commands))('codemachine %s --help', (name) => {
  const command = commands[name];
  if (command === undefined) throw new Error(name);
  const lines = commandHelp(command).split('\n');

  it('is a screen that begins with examples', () => {
    expect(lines[0]).toBe('Examples');
    expect(lines.length).toBeLessThanOrEqual(60);
    for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(80);
    for (const flag of Object.keys(command.flags))
      expect(lines.join('\n')).toMatch(new RegExp(`--(\\[no-\\])?${flag}\\b`));
  });

  it('has examples that can be typed', () => {
    const examples = (command.examples ?? []).map(plainExample);
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const example of examples) {
      const [called = '', ...words] = wordsOf(example);
      expect(called).toBe(name);
      const ends = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
      let plain = 0;
      for (let at = 0; at < ends.length; at++) {
        const word = ends[at] ?? '';
        if (!word.startsWith('-')) {
          plain++;
          continue;
        }
        const flag = Object.values(command.flags).find(
          (one) => word === `--${one.name}` || word === `-${one.char}`,
        );
        expect(flag, `${example}: ${word}`).toBeDefined();
        if (flag?.type !== 'option') continue;
        const value = ends[++at] ?? '';
        expect(value, example).toMatch(/^[^-]/);
        if (flag.options !== undefined) expect(flag.options, example).toContain(value);
      }
      const args = Object.values(command.args);
      expect(plain, example).toBeGreaterThanOrEqual(args.filter(({ required }) => required === true).length);
      if (command.strict !== false) expect(plain, example).toBeLessThanOrEqual(args.length);
      for (const flag of Object.values(command.flags))
        if (flag.required === true)
          expect(
            words.some((word) => word === `--${flag.name}` || word === `-${flag.char}`),
            example,
          ).toBe(true);
    }
  });
});

it('names pages and commands that there are', () => {
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
  for (const [name, { page }] of Object.entries(MORE)) {
    const [file = '', anchor] = page.split('#');
    expect(existsSync(path.join(ROOT, file)), `${name}: ${page}`).toBe(true);
    const headings = [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(/^#+ (.*)$/gm)];
    if (anchor !== undefined)
      expect(
        headings.map(([, text = '']) => slug(text)),
        name,
      ).toContain(anchor);
  }
  const flags = Object.values(commands).flatMap(({ flags: own }) => Object.keys(own));
  for (const flag of FLAG_GROUPS.flatMap((group) => group.flags))
    if (flag !== 'help') expect(flags).toContain(flag);
  const see = Object.entries(MORE).flatMap(([name, more]) => (commands[name] === undefined ? [] : more.see));
  for (const name of see) expect(Object.keys(commands), name).toContain(name);
});

it('puts every command into one group', () => {
  const screen = rootHelp(commands);
  const groups = screen.slice(screen.indexOf('\nStart\n'));
  for (const name of namesOf(commands))
    expect(groups.match(new RegExp(`^  ${name} `, 'gm')), name).toHaveLength(1);
  for (const { title } of GROUPS) expect(groups).toContain(`\n${title}\n`);
  // One that nobody put anywhere comes last.
  const odd = { id: 'odd', summary: 'Be odd.', args: {}, flags: {} };
  expect(rootHelp({ ...commands, odd })).toContain('\n  odd          Be odd.\n');
});

it('is asked for in each of the usual ways', () => {
  const { cancel } = commands;
  const program = ['', '-h', '--help', 'help'];
  const one = ['cancel -h', 'help cancel', 'cancel --help', 'cancel @last -h', 'cancel help'];
  const ends = sayAll(projectWith({}), [...program, ...one]);
  ends.forEach(({ code, stdout, stderr }, at) => {
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const about = at < program.length ? undefined : cancel;
    expect(stdout).toBe(about === undefined ? rootHelp(commands) : commandHelp(about));
  });
});

it('a workflow that is called help can be run', () => {
  const project = projectWith({ help: 'steps:\n  - run: echo ran\n' });
  const [run, plan] = sayAll(project, ['run help', 'plan help']);
  expect(run?.stdout).toContain('help succeeded');
  expect(plan?.stdout).not.toContain('Examples');
});

it.each(['', 'approve', 'completion'])('the screen of codemachine %s --help', async (name) => {
  const { [name]: command } = commands;
  const screen = command === undefined ? rootHelp(commands) : commandHelp(command);
  await expect(screen).toMatchFileSnapshot(`help/${name === '' ? 'codemachine' : name}.txt`);
});
