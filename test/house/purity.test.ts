// What the world offers is refused in the pure rooms, one way in at a time.
import path from 'node:path';
import { ESLint } from 'eslint';
import { expect, it } from 'vitest';

const house = path.resolve(import.meta.dirname, '../..');

// Typed rules need a file that exists; the ones about purity and length do not.
const eslint = new ESLint({
  cwd: house,
  overrideConfigFile: path.join(house, '.config/eslint.config.mjs'),
  overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parserOptions: { project: null } } }],
  ruleFilter: ({ ruleId }) => !ruleId.startsWith('@typescript-eslint/'),
});

async function rulesBroken(file: string, text: string): Promise<readonly (string | null)[]> {
  const results = await eslint.lintText(text, { filePath: path.join(house, file) });
  return results.flatMap((result) => result.messages.map((message) => message.ruleId));
}

const worldly = [
  'process.exit();',
  "console.log('');",
  'Date.now();',
  'new Date();',
  'Date();',
  'Math.random();',
  'setTimeout(() => undefined, 1);',
  'setInterval(() => undefined, 1);',
  'setImmediate(() => undefined);',
  'queueMicrotask(() => undefined);',
  'performance.now();',
  "fetch('');",
  'crypto.randomUUID();',
  "globalThis['process'];",
  "Buffer.from('');",
];
const pure = ['src/model', 'src/workflow', 'src/plan', 'src/run', 'src/engines/dialects'];

it.each(pure.flatMap((room) => worldly.map((text) => [room, text] as const)))(
  '%s refuses %s',
  async (room, text) => {
    expect(await rulesBroken(`${room}/planted.ts`, `${text}\n`)).toHaveLength(1);
  },
);

it('lets a pure room turn a given time into a date', async () => {
  expect(
    await rulesBroken('src/run/planted.ts', 'export const at = (ms: number) => new Date(ms);\n'),
  ).toEqual([]);
});

it('lets the other rooms meet the world', async () => {
  expect(await rulesBroken('src/state/planted.ts', `${worldly.join('\n')}\n`)).toEqual([]);
});

it('counts every line of a file and of a function', async () => {
  expect(await rulesBroken('src/state/long.ts', '// line\n'.repeat(301))).toEqual(['max-lines']);
  expect(await rulesBroken('src/state/long.ts', '// line\n'.repeat(300))).toEqual([]);
  const body = (lines: number) => `export function f() {\n${'  // line\n'.repeat(lines - 2)}}\n`;
  expect(await rulesBroken('src/state/long.ts', body(61))).toEqual(['max-lines-per-function']);
  expect(await rulesBroken('src/state/long.ts', body(60))).toEqual([]);
});
