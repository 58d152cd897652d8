/** Holds what the comments that silence warnings silence, and what not. */
import { describe, expect, test } from 'vitest';
import { workflowOf, worldAt } from './fixtures.ts';

async function codesOf(text: string): Promise<readonly string[]> {
  const { diagnostics } = await workflowOf({ path: 'case.yml', text }, worldAt('.'));
  return diagnostics.map(({ code }) => code);
}

describe('codemachine-ignore', () => {
  test.each([
    ['# codemachine-ignore: access-unsaid', []],
    ['#codemachine-ignore:access-unsaid', []],
    ['# codemachine-ignore: access-unsaid -- it only looks around', []],
    ['# codemachine-ignore: no-engine, access-unsaid', ['unused-ignore']],
    ['# codemachine-ignore: something-else', ['unused-ignore', 'access-unsaid']],
    ['# codemachine-ignore: access-unsaid\n    # why that is so', []],
    ['# codemachine-ignore: access-unsaid\n', ['unused-ignore', 'access-unsaid']],
    ['# access-unsaid', ['access-unsaid']],
  ])('%j', async (comment, codes) => {
    const text = `name: case\nsteps:\n  - engine: codex\n    ${comment}\n    prompt: hello\n`;
    expect(await codesOf(text)).toEqual(codes);
    expect(await codesOf(text.replaceAll('\n', '\r\n'))).toEqual(codes);
  });

  test('above the first line of a file that has no line end', async () => {
    expect(await codesOf('# codemachine-ignore: access-unsaid')).toEqual(['not-a-workflow']);
  });

  test('an error stays, and the comment is not called useless while errors may hide what it is for', async () => {
    const text = 'name: case\nsteps:\n  # codemachine-ignore: unknown-key, access-unsaid\n  - runn: hello\n';
    expect(await codesOf(text)).toEqual(['ignored-error', 'unknown-key']);
  });

  test('a text that looks like a comment silences nothing', async () => {
    const text =
      'name: case\nsteps:\n  - run: |\n      # codemachine-ignore: access-unsaid\n  - prompt: hello\n    engine: codex\n';
    expect(await codesOf(text)).toEqual(['access-unsaid']);
  });
});
