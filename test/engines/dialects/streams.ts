// Plays what the real engines printed to their dialects.
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { claudeCode } from '../../../src/engines/dialects/claude-code.ts';
import { codex } from '../../../src/engines/dialects/codex.ts';
import type { Dialect, EngineEnd, Line, Reader, Verdict } from '../../../src/engines/dialects/dialect.ts';
import { dialectOf } from '../../../src/engines/dialects/dialects.ts';
import type { RunId, StepKey } from '../../../src/model/ids.ts';
import type { PromptJob } from '../../../src/model/ports.ts';

export const dialects: Record<string, Dialect> = { 'claude-code': claudeCode, codex };

const streams = path.join(import.meta.dirname, '../streams');

/** What one line said, in order, and what the end of it all means. */
export interface Played {
  lines: Line[];
  verdict: Verdict;
  reader: Reader;
}

/** A job that only asks. */
export function job(more: Partial<PromptJob> = {}): PromptJob {
  return {
    kind: 'prompt',
    run: '20260101-000000-aaaaaa' as RunId,
    step: 'ask' as StepKey,
    attempt: 1,
    cwd: '',
    env: {},
    secretNames: [],
    engine: 'codex',
    access: 'write',
    prompt: 'hello',
    idleTimeoutMs: 1_000,
    ...more,
  };
}

/** Names of the kept runs of an engine, with how each exited. */
export function runsOf(engine: string): Record<string, number> {
  return JSON.parse(readFileSync(path.join(streams, engine, 'ends.json'), 'utf8')) as Record<string, number>;
}

/** The text of a kept run. */
export function textOfRun(engine: string, name: string): string {
  const ending = engine === 'aider' ? 'txt' : 'jsonl';
  return readFileSync(path.join(streams, engine, `${name}.${ending}`), 'utf8');
}

/** An end without anything on standard error. */
export function exits(exitCode: number | null, more: Partial<EngineEnd> = {}): EngineEnd {
  return { exitCode, signal: null, stderr: '', now: Date.UTC(2026, 0, 1), ...more };
}

/** Plays a text to a fresh reader. */
export function play(engine: string, text: string, end: EngineEnd, asked: PromptJob = job()): Played {
  const reader = (dialectOf(engine, {}) as Dialect).reader(asked);
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => reader.line(line));
  return { lines, verdict: reader.end(end), reader };
}

/** Plays a kept run as it ended. */
export function playRun(engine: string, name: string, asked?: PromptJob): Played {
  return play(engine, textOfRun(engine, name), exits(runsOf(engine)[name] ?? null), asked);
}
