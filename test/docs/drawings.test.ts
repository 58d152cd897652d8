// Holds drawings of directories in the documentation to the directories.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import micromatch from 'micromatch';
import { describe, expect, test } from 'vitest';
import { cli } from '../support/cli.ts';
import { makeProject } from '../support/repository.ts';
import { PAGES, snippetsOf } from './snippets.ts';

const drawings = (word: string) =>
  PAGES.flatMap(snippetsOf).filter(({ language, words }) => language === 'text' && words.includes(word));

const SRC = path.resolve(import.meta.dirname, '../../src');

const ENGINE = `engines:
  stand-in: { command: [node, -e, 'console.log("done")'], access: { read: [] } }
`;
const WORKFLOW = `name: all
steps:
  - { id: make, run: echo made | tee made.txt; echo too >&2, artifacts: made.txt }
  - { id: ask, engine: stand-in, access: read, prompt: Say done. }
`;
const TESTS = 'workflow: all\ntests: [{ name: ends, answers: { ask: { text: done } } }]\n';

describe('drawings', () => {
  test('of rooms name each room', () => {
    for (const { text } of drawings('rooms')) {
      const named = [...text.matchAll(/(\w+)\/(?= |$)/gm)].map((match) => match[1] ?? '');
      const rooms = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      expect([...named].sort()).toEqual(rooms.map(({ name }) => name).sort());
    }
    expect(drawings('rooms')).not.toEqual([]);
  });

  test('of the flow name functions that there are', () => {
    const rooms = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const source = rooms.map((name) => readFileSync(path.join(SRC, name), 'utf8')).join('\n');
    const named = drawings('flow').flatMap(({ text }) =>
      [...text.matchAll(/(\w+)\(/g)].map(([, name]) => name),
    );
    expect(named).toContain('makeAttempt');
    for (const name of named) expect(source).toContain(`export function ${name}(`);
  });

  test('of the state directory name what a run leaves', async () => {
    const project = makeProject({
      '.codemachine/config.yml': ENGINE,
      '.codemachine/workflows/all.yml': WORKFLOW,
      '.codemachine/tests/all.test.yml': TESTS,
    });
    expect(await cli(project, ['run', 'all'])).toMatchObject({ code: 0 });
    expect(drawings('state')).toHaveLength(1);
    const there = readdirSync(project.root, { recursive: true, encoding: 'utf8' });
    const places: string[] = [];
    for (const line of (drawings('state')[0]?.text ?? '').trimEnd().split('\n')) {
      const depth = line.search(/\S/) / 2;
      const name = line.trim().split(' ')[0] ?? '';
      places.splice(depth, places.length, name.replace(/\/$/, ''));
      const glob = path.join(...places).replace(/<[^>]+>/g, '*');
      expect(micromatch(there, glob, { dot: true }), `${line.trim()} is not there`).not.toEqual([]);
    }
    expect(there).toContain('.codemachine/state/.gitignore');
  });
});
