// What people see who are in the wrong place, name the wrong thing, or are too early.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { FINE, projectWith } from './project.ts';
import { sceneIn } from './scene.ts';

beforeAll(built);

it('a run that is not there, and one that is done', async () => {
  const one = sceneIn(projectWith({ fine: FINE }));
  await one.type('run fine');
  await one.type('status 1999');
  await one.type('logs @failed');
  await one.type('logs @last tow');
  const shown = await one.type('resume @last');
  const [retry = ''] = /retry \S+ --from/.exec(shown) ?? [];
  expect(await one.type(`${retry} one`)).toContain('a retry of');
  one.holds('wrong-run');
});

it('a directory that is no project', async () => {
  const one = sceneIn(projectWith({}));
  await one.type('run fix');
  await one.type('status');
  one.holds('wrong-directory');
});

it('a path that is no workflow', async () => {
  const one = sceneIn(projectWith({ fine: FINE }));
  mkdirSync(path.join(one.project.root, 'docs'));
  await one.type('run ./docs');
  await one.type('run .codemachine/workflows');
  await one.type('run ./fine.yml');
  one.holds('wrong-path');
});

it('files that are empty, without steps, with one id twice, with tabs; and one with the line ends of Windows', async () => {
  const one = sceneIn(
    projectWith(
      { none: 'name: none\n', twice: `${FINE}  - id: one\n    run: echo again\n` },
      {
        '.codemachine/workflows/empty.yml': '',
        '.codemachine/workflows/tabs.yml': 'name: tabs\nsteps:\n\t- run: echo\n',
        '.codemachine/workflows/windows.yml': `name: windows\n${FINE}`.replaceAll('\n', '\r\n'),
      },
    ),
  );
  await one.type('validate');
  expect(await one.type('run windows')).toContain('windows succeeded');
  one.holds('odd-files');
});

it('a run that is under way', async () => {
  const slow = 'steps:\n  - id: slow\n    run: until test -e go; do sleep 0.02; done\n';
  const one = sceneIn(projectWith({ slow, fine: FINE }));
  await one.type('run slow --detach');
  await one.type('resume @last');
  await one.type('run fine');
  one.act('lets it end', () => one.project.write('go', ''));
  await one.type('status @last --watch');
  expect(await one.type('run fine')).toContain('fine succeeded');
  one.holds('under-way');
});
