// Each wall of the house is broken once, on purpose, to see that the tool notices.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const house = path.resolve(import.meta.dirname, '../..');
const config = path.join(house, '.config/dependency-cruiser.mjs');
const rooms = ['workflow', 'plan', 'run', 'engines', 'workspace', 'state', 'report'];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

/** File → text that breaks the rule named; the neighbour each one reaches for exists. */
const broken: readonly (readonly [rule: string, file: string, text: string])[] = [
  ...rooms.map((room) => {
    const neighbour = room === 'plan' ? 'run' : 'plan';
    return [
      `${room}-knows-only-the-model`,
      `src/${room}/nosy.ts`,
      `import '../${neighbour}/quiet.ts';\n`,
    ] as const;
  }),
  ['model-imports-nothing', 'src/model/greedy.ts', "import '../plan/quiet.ts';\n"],
  ['rooms-are-met-in-app', 'src/commands/shortcut.ts', "import '../plan/quiet.ts';\n"],
  ['commands-know-only-app', 'src/commands/deep.ts', "import '../plan/quiet.ts';\n"],
  ['index-opens-app-and-words', 'src/index.ts', "import './plan/quiet.ts';\n"],
  ['nobody-imports-a-door-to-outside', 'src/app/upside-down.ts', "import '../commands/quiet.ts';\n"],
  ['pure-rooms-meet-no-builtins', 'src/run/worldly.ts', "import 'node:fs';\n"],
  ['pure-rooms-meet-no-builtins', 'src/engines/dialects/worldly.ts', "import 'node:os';\n"],
  ['children-start-in-one-file', 'src/workspace/spawns.ts', "import 'node:child_process';\n"],
  ['children-start-in-one-file', 'src/engines/spawns.ts', "import 'child_process';\n"],
  ['yaml-has-one-home', 'src/plan/reads.ts', "import 'yaml';\n"],
  ['ajv-has-one-home', 'src/engines/validates.ts', "import 'ajv/dist/2020.js';\n"],
  ['actions-expressions-has-one-home', 'src/run/evaluates.ts', "import '@actions/expressions';\n"],
  ['micromatch-has-one-home', 'src/workflow/matches.ts', "import 'micromatch';\n"],
  ['p-limit-has-one-home', 'src/engines/limits.ts', "import 'p-limit';\n"],
  ['execa-has-one-home', 'src/engines/engines.ts', "import 'execa';\n"],
  ['re2js-has-one-home', 'src/engines/searches.ts', "import 're2js';\n"],
  ['better-sqlite3-has-one-home', 'src/report/stores.ts', "import 'better-sqlite3';\n"],
  ['bs3-n20-has-one-home', 'src/app/stores.ts', "import 'bs3-n20';\n"],
  ['modern-tar-has-one-home', 'src/state/unpacks.ts', "import 'modern-tar';\n"],
  ['listr2-has-one-home', 'src/report/plain.ts', "import 'listr2';\n"],
  ['oclif-core-has-one-home', 'src/app/flags.ts', "import '@oclif/core/flags';\n"],
  ['outside-packages-are-listed', 'src/state/stranger.ts', "import 'execa-of-somebody';\n"],
  ['outside-packages-are-listed', 'src/state/tool.ts', "import 'fast-check';\n"],
  ['imports-lead-somewhere', 'src/state/lost.ts', "import './nowhere.ts';\n"],
  ['no-circles', 'src/plan/chicken.ts', "import { b } from './egg.ts';\nexport const a: number = b;\n"],
  ['source-knows-no-tests', 'src/report/tested.ts', "import '../../test/rig.ts';\n"],
];

const lawful: Readonly<Record<string, string>> = {
  'src/plan/quiet.ts': 'export const quiet = 1;\n',
  'src/run/quiet.ts': "import pLimit from 'p-limit';\nexport const quiet = pLimit(1);\n",
  'src/plan/egg.ts': "import { a } from './chicken.ts';\nexport const b: number = a;\n",
  'src/plan/type-circle.ts': "import type { B } from './type-circle-back.ts';\nexport type A = { b?: B };\n",
  'src/plan/type-circle-back.ts': "import type { A } from './type-circle.ts';\nexport type B = { a?: A };\n",
  'src/commands/quiet.ts':
    "import { app } from '../app.ts';\nimport '@oclif/core/command';\nexport const quiet = app;\n",
  'src/app.ts': "import { quiet } from './plan/quiet.ts';\nexport const app = quiet;\n",
  'src/engines/process.ts': "import 'node:child_process';\nimport 'execa';\n",
  'src/model/words.ts': 'export type Words = string;\n',
  'src/workflow/workflow.ts':
    "import type { Words } from '../model/words.ts';\nimport 'yaml';\nexport type W = Words;\n",
  'test/rig.ts': 'export const rig = 1;\n',
};

describe('the walls', () => {
  let directory: string;
  let found: readonly Violation[];

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'walls-'));
    const files = [...broken.map(([, file, text]) => [file, text] as const), ...Object.entries(lawful)];
    for (const [file, text] of files) {
      await mkdir(path.dirname(path.join(directory, file)), { recursive: true });
      await writeFile(path.join(directory, file), text);
    }
    await writeFile(path.join(directory, 'package.json'), '{"type":"module","dependencies":{}}');
    await symlink(path.join(house, 'node_modules'), path.join(directory, 'node_modules'));
    const cruiser = path.join(house, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const arguments_ = [cruiser, '--config', config, '--output-type', 'json', 'src'];
    const { stdout } = await promisify(execFile)(process.execPath, arguments_, {
      cwd: directory,
      maxBuffer: 64 * 1024 * 1024,
    }).catch((error: { stdout: string }) => error);
    found = (JSON.parse(stdout) as { summary: { violations: readonly Violation[] } }).summary.violations;
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each(broken)('%s stops %s', (rule, file) => {
    expect(found.filter((one) => one.from === file).map((one) => one.rule.name)).toContain(rule);
  });

  it('leaves lawful files alone', () => {
    const accused = new Set(found.filter((one) => one.rule.name !== 'no-circles').map((one) => one.from));
    expect(Object.keys(lawful).filter((file) => accused.has(file))).toEqual([]);
    expect(found.filter((one) => one.from.includes('type-circle'))).toEqual([]);
  });

  it('has no rule that is not broken here', async () => {
    const { default: walls } = (await import(config)) as {
      default: { forbidden: readonly { name: string }[] };
    };
    expect(new Set(walls.forbidden.map((rule) => rule.name))).toEqual(new Set(broken.map(([rule]) => rule)));
  });

  it('gives each rule its reason', async () => {
    const { default: walls } = (await import(config)) as {
      default: { forbidden: readonly { comment: string }[] };
    };
    expect(walls.forbidden.filter((rule) => rule.comment.length < 30)).toEqual([]);
  });
});
