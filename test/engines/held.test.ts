// No file of the workspace says where an engine carries its key, as far as variables can keep it from that.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gemini } from '../../src/engines/dialects/gemini.ts';
import { type StandIn, standIn } from './dialects/stand-in.ts';

let there: StandIn;
beforeEach(() => {
  there = standIn();
  mkdirSync(path.join(there.root, 'workspace/inner'));
});
afterEach(() => there.leave());

/** What Gemini CLI finds set, with a file in the workspace. */
async function seen(file: string, environ: Record<string, string> = {}): Promise<Record<string, string>> {
  const at = path.join(there.root, 'workspace', file);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, 'GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9\n');
  await there.attempt(gemini, 'env >"$0/seen"', {
    ask: { cwd: 'inner' },
    deps: { environ: { PATH: process.env['PATH'], HOME: there.root, ...environ } },
  });
  const lines = there.kept('seen').split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

const SET = { GOOGLE_GEMINI_BASE_URL: '', NODE_TLS_REJECT_UNAUTHORIZED: '1', BASH_ENV: '' };

describe('variables that a file of the workspace could set', () => {
  it.each(['.gemini/.env', '.env', 'inner/.env', 'inner/.gemini/.env'])(
    'are set already where there is %s',
    async (file) => {
      expect(await seen(file)).toMatchObject(SET);
    },
  );

  it('are left to the user who sets them', async () => {
    const own = { GOOGLE_GEMINI_BASE_URL: 'https://gateway.example' };
    expect(await seen('.env', own)).toMatchObject({ ...SET, ...own });
  });

  it.each(['other/.env', 'inner/env', '../.env'])('are left alone where there is only %s', async (file) => {
    expect(Object.keys(await seen(file))).not.toContain('GOOGLE_GEMINI_BASE_URL');
  });

  it("are left alone where the workspace is the user's home", async () => {
    const names = Object.keys(await seen('.gemini/.env', { HOME: path.join(there.root, 'workspace') }));
    expect(names).not.toContain('GOOGLE_GEMINI_BASE_URL');
  });
});
