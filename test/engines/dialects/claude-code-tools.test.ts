/** Holds the known tools of Claude Code to those that it was heard to offer. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CLAUDE_TOOLS } from '../../../src/engines/dialects/claude-code-tools.ts';

const streams = path.join(import.meta.dirname, '../streams/claude-code');

test('every tool that a recorded attempt was offered is known, so no rule for one is doubted', () => {
  const offered = readdirSync(streams)
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) => readFileSync(path.join(streams, file), 'utf8').split('\n'))
    .filter((line) => line.includes('"subtype":"init"'))
    .flatMap((line) => (JSON.parse(line) as { tools: string[] }).tools)
    .filter((tool) => !tool.startsWith('mcp__'));
  expect(offered).toContain('Bash');
  expect([...new Set(offered)].filter((tool) => !CLAUDE_TOOLS.includes(tool))).toEqual([]);
});
