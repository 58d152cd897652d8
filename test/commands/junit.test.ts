// Reads the JUnit files that runs leave for CI.
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { manyCommands } from '../support/many-commands.ts';
import { parsed } from '../support/xml.ts';
import { projectWith } from './project.ts';

const SECRET = 'hunter2-and-more';

const FAILS = `secrets: [TOKEN]
steps:
  - { id: build, run: echo built, matrix: { os: [linux, mac] } }
  - { id: odd, run: exit 2, continue-on-error: true }
  - { id: again, loop: { max: 2, until: "\${{ loop.index == 2 }}", steps: [{ id: turn, run: echo turn }] } }
  - { id: off, if: "\${{ run.id == '' }}", run: echo never }
  - id: bad
    run: printf 'told %s ]]> <b a="c">&\\001\\033[31mred\\033]8;;x\\a\\n' "$TOKEN" >&2; exit 3
    env: { TOKEN: "\${{ secrets.TOKEN }}" }
  - { id: after, run: echo no }
`;
const GATED = `steps:
  - { id: ask, gate: { message: 'Ship "it"?' } }
  - { id: ship, run: echo shipped }
`;
const EXHAUSTED =
  'steps:\n  - id: turns\n    loop: { max: 2, while: "${{ true }}", steps: [{ id: turn, run: exit 1, continue-on-error: true }] }\n';

describe('--junit', () => {
  beforeAll(built);

  it('tells each execution of a step as a case, with what it came to', () => {
    const project = projectWith({ fails: FAILS, gated: GATED, turns: EXHAUSTED });
    const file = (name: string): string => path.join(project.root, name);
    writeFileSync(file('gated.xml'), 'of the last time');
    const ends = manyCommands(
      project,
      [
        ['run', 'fails', '--junit', 'fails.xml'],
        ['run', 'turns', '--junit', 'turns.xml', '--json'],
        ['run', 'gated', '--junit', 'gated.xml'],
      ],
      { TOKEN: SECRET },
    );
    expect(ends.map(({ code }) => code)).toEqual([1, 1, 3]);
    const text = project.read('fails.xml');
    expect(text).not.toContain(SECRET);
    const tags = parsed(text);
    const cases = tags.flatMap(({ name, attributes }, index) =>
      name === 'testcase' ? [[attributes['name'], tags[index + 1]?.name ?? ''] as const] : [],
    );
    expect(cases).toEqual([
      ['build[linux]', 'testcase'],
      ['build[mac]', 'testcase'],
      ['odd', 'skipped'],
      ['again[1].turn', 'testcase'],
      ['again[2].turn', 'testcase'],
      ['off', 'skipped'],
      ['bad', 'failure'],
      ['after', 'skipped'],
    ]);
    const suite = tags.find(({ name }) => name === 'testsuite');
    expect(suite?.attributes).toMatchObject({ name: 'fails', tests: '8', failures: '1', skipped: '3' });
    const failure = tags.find(({ name }) => name === 'failure');
    expect(failure?.attributes).toMatchObject({
      type: 'exit-code',
      message: expect.stringContaining(']]> <b a="c">&'),
    });
    expect(failure?.text).toContain('at .codemachine/workflows/fails.yml:8');
    expect(failure?.text).toContain('| told ***');
    expect(failure?.text).toContain('what to do: ');
    const why = tags.filter(({ name }) => name === 'skipped').map(({ attributes }) => attributes['message']);
    expect(why[0]).toContain('failed, which the workflow allows: exit code 2');
    expect(why[1]).toContain('skipped: ');
    expect(why[2]).toBe('blocked: `bad` failed');
    const turns = parsed(project.read('turns.xml')).filter(({ name }) => /testcase|failure/.test(name));
    expect(turns.map(({ attributes }) => attributes['name'] ?? attributes['type'])).toEqual([
      ...['turns', 'exhausted', 'turns[1].turn', 'turns[2].turn'],
    ]);

    const parked = parsed(project.read('gated.xml'));
    expect(parked.find(({ attributes }) => attributes['name'] === 'resume')?.attributes['value']).toContain(
      'resume',
    );
    const decide = parked.flatMap(({ attributes }) =>
      attributes['name'] === 'decide' ? [attributes['value']] : [],
    );
    expect(decide.map((command) => command?.split(' ').slice(0, 2).join(' '))).toEqual([
      'codemachine approve',
      'codemachine reject',
    ]);
    const waits = parked.flatMap(({ name, attributes }) =>
      name === 'skipped' ? [attributes['message']] : [],
    );
    expect(waits).toEqual(['asks: Ship "it"?', 'not begun: the run is parked: gate']);
    const on = manyCommands(project, [
      ['reject', '@last'],
      ['resume', '@last', '--junit', 'gated.xml'],
      ['retry', '@last', '--junit', 'retried.xml'],
      ['cancel', '@last'],
      ['resume', '@last', '--junit', 'gone/x.xml'],
      ['run', 'none', '--junit', 'none.xml'],
    ]);
    expect(on.map(({ code }) => code)).toEqual([0, 1, 3, 0, 2, 2]);
    expect(on[4]?.stderr).toContain('--junit gone/x.xml cannot be written (ENOENT)');
    const rejected = parsed(project.read('gated.xml'));
    expect(rejected.find(({ name }) => name === 'failure')?.attributes).toMatchObject({ type: 'rejected' });
    expect(parsed(project.read('retried.xml')).some(({ name }) => name === 'failure')).toBe(false);
    const left = readdirSync(project.root).filter((name) => name.includes('xml'));
    expect(left.sort()).toEqual(['fails.xml', 'gated.xml', 'retried.xml', 'turns.xml']);
  });
});
