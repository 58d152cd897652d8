/** Introduces the cache of results: what a step comes from, and where that was kept. */
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../model/config.ts';
import type { Milestone } from '../../model/event.ts';
import type { Fingerprint } from '../../model/fingerprint.ts';
import type { Cache, CachedStep, Job } from '../../model/ports.ts';
import { err, type Json, type JsonObject, ok, type Result } from '../../model/result.ts';
import type { Workflow } from '../../model/workflow.ts';
import { fingerprintParts } from '../../plan/fingerprint.ts';
import { matches } from '../../plan/selection.ts';
import { canonical } from '../../state/canonical.ts';
import { StateError } from '../../state/problem.ts';
import type { State } from '../../state/state.ts';
import { inputFiles, type Remembered } from '../../workspace/inputs.ts';
import { sha256 } from '../files.ts';
import type { Place } from '../place.ts';

/** What fingerprints are made with. */
export interface CacheOf {
  readonly place: Place;
  readonly state: State;
  readonly config: Config;
  readonly workflow: Pick<Workflow, 'secrets'>;
  readonly env: NodeJS.ProcessEnv;
  /** Whether results may be taken; they are kept for later in any case. */
  readonly takes: boolean;
}

/** The cache of a run, with what keeps the lists behind the digests. */
export interface RunCache extends Cache {
  /** Hears of a good end, and keeps what its digests stand for. Never throws. */
  hear(milestone: Milestone): void;
  /** What digests stand for that were made by this process. */
  lists: ReadonlyMap<string, Json>;
}

/** Opens the cache. */
export function openCache(of: CacheOf): RunCache {
  const { state, takes } = of;
  const lists = new Map<string, Json>();
  let key: string | undefined;
  const memory = openMemory(of.place);
  return {
    lists,
    fingerprint: async (job, step) => {
      key ??= state.cached.key();
      return fingerprintOf(of, { job, step, key, lists, memory });
    },
    find: async ({ sha256: digest }) => (takes ? state.cached.find(digest) : []),
    changes: (result, as) => state.cached.changes(result, as),
    hear: (m) => {
      if (m.type !== 'step-succeeded' || m.fingerprint === undefined) return;
      for (const part of LISTED) {
        const digest = m.fingerprint.parts[part];
        const list = digest === undefined ? undefined : lists.get(digest);
        if (digest === undefined || list === undefined) continue;
        try {
          state.cached.keepList(digest, list);
        } catch (error) {
          // What differs is then said without the names of the files.
          if (!(error instanceof StateError)) throw error;
        }
      }
    },
  };
}

/** The parts of which it is worth while to say what in them differs. */
const LISTED = ['inputs', 'env'] as const;

interface Looking {
  readonly job: Job;
  readonly step: CachedStep;
  readonly key: string;
  readonly lists: Map<string, Json>;
  readonly memory: Memory;
}

function fingerprintOf(of: CacheOf, looking: Looking): Result<Fingerprint, string> {
  const { job, step, key, lists, memory } = looking;
  const { config, workflow, env } = of;
  if (job.kind === 'prompt' && job.session !== undefined) return err('it goes on in a session');
  const globs = step.cache.inputs;
  const files = globs.length === 0 ? ok([]) : memory.look(globs);
  if (!files.ok) return files;
  const secret = new Set(workflow.secrets.map(({ name }) => name));
  const named = step.cache.env.filter((name) => !secret.has(name));
  const parts = fingerprintParts(job, {
    inputs: files.value,
    callerEnv: Object.fromEntries(named.map((name) => [name, env[name] ?? null])),
    platform: `${process.platform}-${process.arch}`,
    engine: job.kind === 'prompt' ? ((config.engines[job.engine] ?? null) as unknown as Json) : null,
    ...(step.isolated === undefined ? {} : { isolated: step.isolated }),
  });
  // A digest without a key would give away what is short enough to be guessed.
  const digest = (value: Json): string => createHmac('sha256', key).update(canonical(value)).digest('hex');
  const digests: Record<string, string> = {};
  for (const [name, value] of parts) {
    const hidden = name === 'env' ? hiddenValues(value as JsonObject, digest) : value;
    digests[name] = digest(hidden);
    if ((LISTED as readonly string[]).includes(name)) lists.set(digests[name], hidden);
  }
  return ok({ sha256: sha256(canonical(digests)), parts: digests });
}

function hiddenValues(values: JsonObject, digest: (value: Json) => string): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, digest(value ?? null)]));
}

/** Remembers from run to run what is in the files of a tree. */
interface Memory {
  look(globs: readonly string[]): ReturnType<typeof inputFiles>;
}

/** How many files are remembered. */
const MOST_REMEMBERED = 200_000;

function openMemory({ root, stateDir }: Place): Memory {
  const file = path.join(stateDir, 'hashes', `${sha256(root).slice(0, 16)}.json`);
  let remembered: Remembered | undefined;
  return {
    look: (globs) => {
      remembered ??= { files: remember(file), changed: false };
      const now = BigInt(Date.now()) * 1_000_000n;
      const found = inputFiles({ root, stateDir, match: matches }, globs, remembered, now);
      if (remembered.files.size > MOST_REMEMBERED) remembered.files.clear();
      if (remembered.changed) save(file, JSON.stringify([...remembered.files]));
      remembered.changed = false;
      return found;
    },
  };
}

function remember(file: string): Remembered['files'] {
  try {
    const rows = JSON.parse(readFileSync(file, 'utf8')) as readonly (readonly [
      string,
      readonly [string, string],
    ])[];
    return new Map(rows);
  } catch {
    // Not there yet, or torn: what it would save is a little time.
    return new Map();
  }
}

function save(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, file);
  } catch {
    // A disk that takes no more has been told of elsewhere, and this is only a memory.
    rmSync(temporary, { force: true });
  }
}
