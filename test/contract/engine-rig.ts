// Makes attempts with the real engine CLIs against the scripted model, each in directories of its own.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';

import { type AgentDeps, agentEngine } from '../../src/engines/agent.ts';
import type { AnyDialect } from '../../src/engines/dialects/dialect.ts';
import { dialectOf } from '../../src/engines/dialects/dialects.ts';
import { attemptPattern, makeMark } from '../../src/engines/mark.ts';
import type { Masker } from '../../src/engines/mask.ts';
import { findMarked } from '../../src/engines/process.ts';
import type { Chatter, SaidWhat } from '../../src/model/event.ts';
import type { Outcome, PromptJob, StopReason } from '../../src/model/ports.ts';
import type { Json, JsonObject } from '../../src/model/result.ts';
import { handClock } from '../engines/agent/hand-clock.ts';
import { job } from '../engines/dialects/streams.ts';
import { engineBinary, type PinnedEngine } from '../support/engines.ts';
import {
  type ClaudeAuth,
  claudeEnv,
  codexHome,
  geminiEnv,
  opencodeEnv,
} from '../support/model-server/environments.ts';
import type { ModelServer } from '../support/model-server/model-server.ts';

/** The engines under contract. */
export const engines = ['claude-code', 'codex'] as const satisfies readonly PinnedEngine[];

function dialectFor(engine: PinnedEngine): AnyDialect {
  const dialect = dialectOf(engine, {});
  if (dialect === undefined) throw new Error(`${engine} has no dialect`);
  return dialect;
}

type Where = Pick<ModelServer, 'url'>;

/** The environment in which each talks to the scripted model alone. */
const environments: Record<PinnedEngine, (where: Where, home: string, ask: Ask) => Record<string, string>> = {
  'claude-code': (where, home, { auth }) => claudeEnv(where, home, auth),
  codex: codexHome,
  gemini: (where, home) => geminiEnv(where, home),
  opencode: opencodeEnv,
};

/** The variables that sign in. */
const keys = ['ANTHROPIC_API_KEY', 'GEMINI_API_KEY'];

/** What a test may say about an attempt. */
export interface Ask {
  prompt: string;
  job?: Partial<PromptJob>;
  auth?: ClaudeAuth;
  /** Variables of the caller's environment besides the engine's own. */
  environ?: Record<string, string>;
  masker?: Masker;
  /** Nobody answers there. */
  unreachable?: boolean;
  /** Without a key. */
  signedOut?: boolean;
}

/** An attempt that is under way. */
export interface Attempt {
  workspace: string;
  done: Promise<Outcome>;
  said: Chatter[];
  sessions: string[];
  /** The transcript's files, as far as they are written. */
  files: Record<string, string>;
  stop(reason: StopReason): void;
  /** Lets the idle timeout pass, if it is counted now; gives whether it was. */
  idle(): boolean;
  /** Resolves when this kind of thing was said. */
  heard(what: SaidWhat): Promise<void>;
  /** Resolves when the file is there, given relative to the workspace. */
  made(file: string): Promise<void>;
  /** Processes of the attempt that are alive. */
  survivors(): Promise<readonly number[]>;
  /** Goes on in the same home and workspace. */
  again(ask: Ask): Attempt;
}

/** Makes attempts, and removes their directories in the end. */
export interface EngineRig {
  attempt(engine: PinnedEngine, ask: Ask): Attempt;
  remove(): void;
}

const ajv = new Ajv({ strict: false, allErrors: true });

function validate(schema: JsonObject, value: Json): string[] {
  const check = ajv.compile(schema);
  check(value);
  return (check.errors ?? []).map((error) => `${error.instancePath || 'the answer'} ${error.message}`);
}

let marks = 0;

/** Starts with no directories. */
export function engineRig(server: Where): EngineRig {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'codemachine-contract-')));
  let places = 0;

  const start = (engine: PinnedEngine, place: string, ask: Ask): Attempt => {
    const binary = engineBinary(engine);
    if (binary.path === undefined) throw new Error(binary.reason);
    const [home, workspace, tmp] = ['home', 'workspace', 'tmp'].map((name) => join(place, name)) as [
      string,
      string,
      string,
    ];
    for (const directory of [home, workspace, tmp]) mkdirSync(directory, { recursive: true });
    const where = ask.unreachable ? { url: 'http://127.0.0.1:9' } : server;
    const { LOCAL_API_KEY, ...environ } = environments[engine](where, home, ask);
    if (ask.signedOut) for (const name of keys) delete environ[name];
    // No engine documents the key of a provider of one's own, so the configuration has to name it.
    const key = LOCAL_API_KEY === undefined || ask.signedOut ? {} : { LOCAL_API_KEY };
    const files: Record<string, string> = {};
    const mark = makeMark(undefined, {
      run: `contract-${process.pid}`,
      epoch: 1,
      directory: String(++marks),
    });
    const clock = handClock();
    const deps: AgentDeps = {
      root: workspace,
      environ: { ...environ, ...ask.environ },
      secrets: [],
      tmp,
      config: {
        command: [binary.path],
        env: { CLAUDE_CODE_MAX_RETRIES: '0', ...key },
      },
      clock,
      validate,
      pauses: {
        ladder: { interruptMs: 700, terminateMs: 500 },
        sweep: { graceMs: 200, pollMs: 10 },
        drainMs: 1_000,
      },
      ...(ask.masker === undefined ? {} : { masker: ask.masker }),
      transcript: () => ({
        write: (file, bytes) => {
          files[file] = (files[file] ?? '') + Buffer.from(bytes as Uint8Array).toString();
        },
        close: () => {},
      }),
      mark: () => mark,
    };
    const [soft, hard] = [new AbortController(), new AbortController()];
    const said: Chatter[] = [];
    const sessions: string[] = [];
    const listeners = new Set<() => void>();
    const asked = job({ engine, prompt: ask.prompt, idleTimeoutMs: 30_000, ...ask.job });
    const done = agentEngine(dialectFor(engine), deps).attempt(
      asked,
      {
        chatter(chatter) {
          said.push(chatter);
          for (const look of listeners) look();
        },
        session: (id) => sessions.push(id),
      },
      { soft: soft.signal, hard: hard.signal },
    );
    return {
      workspace,
      done,
      said,
      sessions,
      files,
      stop: (reason) => soft.abort(reason),
      idle: clock.pass,
      heard: (what) =>
        new Promise((resolve) => {
          const look = (): void => {
            if (said.some((one) => one.type === 'said' && one.what === what)) resolve();
          };
          listeners.add(look);
          look();
        }),
      made: (file) => appears(workspace, file),
      survivors: () => findMarked(attemptPattern(mark)),
      again: (next) => start(engine, place, next),
    };
  };
  return {
    attempt: (engine, ask) => start(engine, join(root, String(++places)), ask),
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

function appears(directory: string, file: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(directory, () => look());
    const look = (): void => {
      if (!existsSync(join(directory, file))) return;
      watcher.close();
      resolve();
    };
    look();
  });
}
