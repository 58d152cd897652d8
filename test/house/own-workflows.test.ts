// Holds the workflows that this repository runs on itself: valid, and about everything that CI checks.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { cli } from '../support/cli.ts';
import { makeProject } from '../support/repository.ts';

const house = path.resolve(import.meta.dirname, '../..');
const OWN = path.join(house, '.codemachine');
const workflows = readdirSync(path.join(OWN, 'workflows')).map((name) => path.join(OWN, 'workflows', name));

it('are valid, without a warning', async () => {
  const end = await cli(makeProject(), ['validate', '--strict', ...workflows], { cwd: house });
  expect(end, end.stdout).toMatchObject({ code: 0, stderr: '' });
});

it('check all that CI checks, each suite once', () => {
  const ci = readFileSync(path.join(OWN, 'workflows/ci.yml'), 'utf8');
  const { steps } = parse(ci) as {
    steps: readonly { id: string; run: string; matrix?: { suite: readonly string[] } }[];
  };
  const named = steps.flatMap(({ run, matrix }) => [
    ...(/check -- ([^$]*)$/.exec(run)?.[1] ?? '').split(' ').filter((name) => name !== ''),
    ...(matrix?.suite ?? []).map((suite) => `test:${suite}`),
  ]);
  const names = (command: string) => !['setup', 'engines', 'build'].includes(command);
  const budgets = Object.keys(
    JSON.parse(readFileSync(path.join(house, '.config/budgets.json'), 'utf8')) as object,
  );
  expect(named.sort()).toEqual(budgets.filter(names).sort());
});
