// Programs that an agent left where PATH leads: the runner's own tools, and the next agent's engine, are not among them.
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codex } from '../../src/engines/dialects/codex.ts';
import { findEngine } from '../../src/engines/find-engine.ts';
import { runGit } from '../../src/engines/process.ts';
import { locate } from '../../src/engines/search-path.ts';
import { toolPath } from '../../src/engines/tool-path.ts';
import { handClock } from './agent/hand-clock.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'codemachine-planted-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function plant(name: string): void {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\necho planted 1.2.3\n');
  chmodSync(file, 0o755);
}

const usual = process.env.PATH ?? '';

describe('a planted git', () => {
  it.each([
    ['.', 'git'],
    ['', 'git'],
    ['bin', 'bin/git'],
    ['<root>/.venv/bin', '.venv/bin/git'],
    ['<root>/node_modules/.bin', 'node_modules/.bin/git'],
  ])('is not started where PATH begins with "%s"', async (place, file) => {
    plant(file);
    const PATH = `${place.replace('<root>', root)}:${usual}`;
    const { stdout } = await runGit(['--version'], { cwd: root, env: { PATH } });
    expect(Buffer.from(stdout).toString()).toMatch(/^git version/);
  });

  it('is not started where PATH holds nothing else', async () => {
    plant('git');
    const { stdout } = await runGit(['--version'], { cwd: root, env: { PATH: '.:' } });
    expect(Buffer.from(stdout).toString()).not.toContain('planted');
  });
});

describe('the search path of tools', () => {
  it('keeps every absolute place, those of the workspace last', () => {
    expect(toolPath('/w/bin:/usr/bin:rel::/x/node_modules/.bin:/works:/bin', '/w')).toBe(
      '/usr/bin:/works:/bin:/w/bin:/x/node_modules/.bin',
    );
    expect(toolPath('/usr/bin:/bin', '/')).toBe('/usr/bin:/bin');
  });
});

describe('a planted engine', () => {
  it('is not found by a relative place', async () => {
    plant('codex');
    expect(locate('codex', `${path.relative(process.cwd(), root)}:.`)).toBeUndefined();
    const found = await findEngine(codex, {
      ...{ config: {}, environ: { PATH: path.relative(process.cwd(), root) }, root, timeoutMs: 10_000 },
      ...{ mark: `;planted-${process.pid}.1.x;`, clock: handClock() },
    });
    expect(found).toMatchObject({ found: false, message: 'there is no `codex` in PATH' });
  });
});
