// Takes the arguments of commands from the command line alone.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from '@oclif/core/command';
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { PROGRAM } from '../support/cli.ts';
import { projectWith } from './project.ts';

beforeAll(built);

const COMMANDS = path.resolve(import.meta.dirname, '../../src/commands');

it.each(readdirSync(COMMANDS))('%s reads no argument from standard input', async (file) => {
  const loaded = (await import(pathToFileURL(path.join(COMMANDS, file)).href)) as { default: Command.Class };
  const open = Object.entries(loaded.default.args).filter(([, arg]) => arg.ignoreStdin !== true);
  expect(open.map(([name]) => name)).toEqual([]);
});

it('does not take a line of a script around it for an argument', () => {
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'status'], {
    ...{ cwd: projectWith({}).root, env: { PATH: '' }, input: 'nowhere\n', encoding: 'utf8' },
  });
  expect(stderr).toContain('there are no runs yet');
  expect(status).toBe(2);
});
