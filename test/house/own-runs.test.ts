// Runs the workflows of this repository on a clone of it, as far as they need no agent.
import { cpSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cli, eventsOf } from '../support/cli.ts';
import { makeProject } from '../support/repository.ts';

const house = path.resolve(import.meta.dirname, '../..');

/** In ms. What is installed has its driver compiled on some versions of Node. */
const PATIENCE = 900_000;

it('they end as their tests say', { timeout: PATIENCE }, async () => {
  const end = await cli(makeProject(), ['test', path.join(house, '.codemachine/tests')], { cwd: house });
  expect({ code: end.code, stderr: end.stderr }, end.stdout).toEqual({ code: 0, stderr: '' });
});

it('what would be released runs the demo where it is installed', { timeout: PATIENCE }, async () => {
  const here = makeProject({ 'a.txt': 'a\n' }, tmpdir());
  const cwd = path.join(here.base, 'clone');
  here.git('clone', '--quiet', house, cwd);
  cpSync(path.join(house, 'node_modules'), path.join(cwd, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  // Which registry there is, and what was fetched from it before, stands in the home of whoever runs this.
  const env = {
    npm_config_userconfig: path.join(homedir(), '.npmrc'),
    npm_config_cache: path.join(homedir(), '.npm'),
  };
  const { code, stdout, stderr } = await cli(here, ['run', 'release-check', '--json'], { cwd, env });
  here.remove();
  expect({ code, last: eventsOf(stdout).at(-1) }, stderr).toMatchObject({
    code: 0,
    last: { type: 'run-finished', status: 'succeeded', outputs: { published: false } },
  });
});
