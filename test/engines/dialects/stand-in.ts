// Lets a shell print bytes as if it were an engine, through the whole path that an engine's output takes.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type AgentDeps, agentEngine } from '../../../src/engines/agent.ts';
import type { AnyDialect } from '../../../src/engines/dialects/dialect.ts';
import { attemptPattern, makeMark } from '../../../src/engines/mark.ts';
import { findMarked } from '../../../src/engines/process.ts';
import type { Chatter } from '../../../src/model/event.ts';
import type { Outcome, PromptJob } from '../../../src/model/ports.ts';
import { handClock } from '../agent/hand-clock.ts';
import { job } from './streams.ts';

/** What is found in the directory in which a stand-in works. */
export interface StandIn {
  readonly root: string;
  /** Keeps bytes for the script, which finds them in `$0/<name>`. */
  keep(name: string, bytes: Uint8Array | string): void;
  /** What the script left in `$0/<name>`. */
  kept(name: string): string;
  /** Makes an attempt with a script instead of the engine. `silent`: once it waits for the engine, time passes. */
  attempt(
    dialect: AnyDialect,
    script: string,
    more?: {
      readonly ask?: Partial<PromptJob>;
      readonly deps?: Partial<AgentDeps>;
      readonly silent?: string;
      /** Stops it, as its reason says; then the survivors are counted, too. */
      readonly stop?: AbortSignal;
    },
  ): Promise<Attempted>;
  leave(): void;
}

/** How an attempt went. */
export interface Attempted {
  readonly outcome: Outcome;
  readonly said: readonly Chatter[];
  readonly sessions: readonly string[];
  readonly prompts: string;
  /** What is left of one that fell silent. */
  readonly survivors: readonly number[];
  /** Whether something of ours still waits, and would keep the process from its end. */
  readonly waits: boolean;
}

let marks = 0;

/** Makes the directory. */
export function standIn(): StandIn {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'codemachine-stand-in-')));
  for (const name of ['workspace', 'tmp']) mkdirSync(join(root, name));
  return {
    root,
    kept: (name) => readFileSync(join(root, name), 'utf8'),
    keep: (name, bytes) => writeFileSync(join(root, name), bytes),
    attempt: async (dialect, script, { ask = {}, deps = {}, silent, stop } = {}) => {
      const mark = makeMark(undefined, { run: `bytes-${process.pid}`, epoch: 1, directory: String(++marks) });
      const said: Chatter[] = [];
      const sessions: string[] = [];
      let prompts = '';
      let heard = '';
      const last = silent === undefined ? undefined : Buffer.from(silent).toString('latin1');
      const clock = handClock();
      const engine = agentEngine(dialect, {
        root: join(root, 'workspace'),
        environ: { PATH: process.env.PATH, HOME: root },
        secrets: [],
        tmp: join(root, 'tmp'),
        config: { command: ['/bin/sh', '-c', script, root] },
        clock,
        validate: () => [],
        pauses: {
          ladder: { interruptMs: 50, terminateMs: 50 },
          sweep: { graceMs: 50, pollMs: 5 },
          drainMs: 1_000,
        },
        transcript: () => ({
          write: (file, bytes) => {
            if (file === 'prompt.md') prompts += String(bytes);
            if (last === undefined || file !== 'events.jsonl') return;
            heard += Buffer.from(bytes as Uint8Array).toString('latin1');
            // What it will never follow with anything was heard: after it has been read, its time is up.
            if (heard.endsWith(last)) setImmediate(() => clock.pass());
          },
          close: () => {},
        }),
        mark: () => mark,
        ...deps,
      });
      const outcome = await engine.attempt(
        job({ engine: dialect.name, idleTimeoutMs: 60_000, ...ask }),
        { chatter: (chatter) => said.push(chatter), session: (id) => sessions.push(id) },
        { soft: stop ?? new AbortController().signal, hard: new AbortController().signal },
      );
      // Looking through all processes costs more than most attempts.
      const survivors =
        silent === undefined && stop === undefined ? [] : await findMarked(attemptPattern(mark));
      return { outcome, said, sessions, prompts, survivors, waits: clock.pass() };
    },
    leave: () => rmSync(root, { recursive: true, force: true }),
  };
}
