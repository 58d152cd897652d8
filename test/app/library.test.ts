// Uses the package as a program does that depends on it: packed, installed, type-checked, called.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { FINE, projectWith } from '../commands/project.ts';
import { built } from '../support/built.ts';

const house = path.resolve(import.meta.dirname, '../..');
const [npm, tsc] = ['npm', path.join(house, 'node_modules/@typescript/native/bin/tsc')];

beforeAll(built);

const PROGRAM = `
import { type Event, type Problem, runWorkflow, validate, type WorkflowRun } from 'codemachine';

const problems: readonly Problem[] = await validate('bad');
const events: Event[] = [];
const run: WorkflowRun = await runWorkflow('fine', {
  inputs: { who: 'you' },
  onEvent: (event) => {
    events.push(event);
  },
});
const refused = await runWorkflow('bad').catch((error: Error) => error.message);
const stopped = await runWorkflow('fine', { inputs: { who: 'x' }, signal: AbortSignal.abort() });
console.log(
  JSON.stringify({
    problems: problems.map(({ code, range }) => [code, range.start.line]),
    status: run.status,
    outputs: run.outputs,
    first: events[0]?.type,
    last: events.at(-1)?.type,
    refused,
    stopped: stopped.status,
  }),
);
`;

it('opens its library door to a package that installs it', () => {
  const project = projectWith({
    fine: `inputs: { who: { type: string, required: true } }\n${FINE}outputs: { said: steps.one.stdout, who: inputs.who }\n`,
    bad: 'steps:\n  - runn: x\n',
  });
  const { root, base, environ } = project;
  const env = { ...environ, npm_config_cache: path.join(base, 'npm'), npm_config_audit: 'false' };
  const call = (command: string, args: readonly string[], cwd: string): string =>
    execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const [packed] = JSON.parse(
    call(npm, ['pack', '--json', '--ignore-scripts', '--pack-destination', base], house),
  ) as readonly { readonly filename: string }[];
  const user = path.join(root, 'user');
  mkdirSync(user);
  writeFileSync(path.join(user, 'package.json'), '{"type":"module","private":true}');
  writeFileSync(path.join(user, 'use.ts'), PROGRAM);
  call(
    npm,
    ['install', '--offline', '--ignore-scripts', '--omit=optional', path.join(base, packed?.filename ?? '')],
    user,
  );
  // The drivers are compiled, which takes a minute and the network; this machine has done it once.
  for (const driver of ['better-sqlite3', 'bs3-n20']) {
    const compiled = path.join(house, 'node_modules', driver);
    if (existsSync(compiled)) symlinkSync(compiled, path.join(user, 'node_modules', driver));
  }
  const types = path.join(house, 'node_modules/@types');
  call(
    process.execPath,
    [
      tsc,
      'use.ts',
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--types',
      'node',
      '--typeRoots',
      types,
    ],
    user,
  );
  const said = JSON.parse(call(process.execPath, ['use.js'], user)) as unknown;
  expect(said).toEqual({
    problems: [['unknown-key', 3]],
    status: 'succeeded',
    outputs: { said: 'fine', who: 'you' },
    first: 'run-started',
    last: 'run-finished',
    refused: expect.stringContaining('bad.yml:3:5'),
    stopped: 'interrupted',
  });
});
