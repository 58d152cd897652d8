/** Keeps what an agent was asked and what came back, so that it can be replayed. */
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Chatter } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { Hear, Outcome, PromptJob } from '../model/ports.ts';
import type { Result } from '../model/result.ts';
import type { Masker } from './mask.ts';
import {
  type AgentAttempt,
  type Locals,
  localsOf,
  type NameStep,
  RECORDING_VERSION,
  type RecordedAnswer,
  type RecordedEvent,
  recordedAttempts,
  requestOf,
  toPortable,
} from './recorded.ts';

/** What recording needs from outside. */
export interface RecordDeps {
  readonly name: NameStep;
  /** Absent where no secret is declared. */
  readonly masker?: Masker;
  /** The run's id is each job's own. */
  readonly paths: Locals['paths'];
  /**
   * Looks at the tree now; what it gives says later, as a patch, what changed since. Called for agents that may write, where there is
   * a workspace that can be recorded. An edit that somebody else makes meanwhile is in the patch too.
   */
  readonly watchTree?: (
    job: PromptJob,
  ) => Promise<Result<() => Promise<Result<Uint8Array, Failure>>, Failure>>;
  /** The files that the job promised and no patch has. */
  readonly alsoLeft?: (
    job: PromptJob,
  ) => Promise<readonly { readonly path: string; readonly bytes: Uint8Array }[]>;
}

/**
 * Wraps an agent's attempts: the same outcome, and `DIR/<step directory>.<attempt>/` with `request.json`, `events.jsonl`, `change.patch`,
 * `artifacts` that git ignores, and, last, `answer.json`. Secrets are masked, the patch too; a patch with `***` in it fits only files that never held the secret.
 * A tree that cannot be recorded ends the attempt with that failure. An error of the disk rejects: a recording with holes is worth nothing.
 */
export function recording(dir: string, attempt: AgentAttempt, deps: RecordDeps): AgentAttempt {
  return async (job, hear, stop) => {
    const directory = path.join(dir, deps.name(job.step, job.attempt));
    const keep = keeper(directory, job, deps);
    forgetLater(dir, job, deps.name);
    keep.json('request.json', requestOf(job));
    keep.append('');
    const watched = job.access === 'read' ? undefined : await deps.watchTree?.(job);
    if (watched?.ok === false) return { ok: false, failure: watched.error, values: {} };
    const outcome = await attempt(job, overhearing(hear, keep.event), stop);
    if (watched !== undefined) {
      const patch = await watched.value();
      if (!patch.ok) return { ok: false, failure: patch.error, values: outcome.values };
      if (patch.value.length > 0) keep.bytes('change.patch', patch.value);
    }
    if (outcome.ok)
      for (const left of (await deps.alsoLeft?.(job)) ?? []) keep.bytes(`artifacts/${left.path}`, left.bytes);
    // What was stopped from outside says nothing of the agent; without an answer, replay passes over it.
    const reason: unknown = stop.soft.aborted ? stop.soft.reason : undefined;
    if (reason !== 'interrupt' && reason !== 'cancel' && !stop.hard.aborted)
      keep.json('answer.json', answerOf(outcome));
    return outcome;
  };
}

function answerOf(outcome: Outcome): RecordedAnswer {
  const failure = outcome.ok ? {} : { failure: outcome.failure };
  return { v: RECORDING_VERSION, ok: outcome.ok, ...failure, values: outcome.values };
}

/** A recording made earlier may have had more attempts of the step; replay would take them for answers to this question. */
function forgetLater(dir: string, job: PromptJob, name: NameStep): void {
  for (const old of recordedAttempts(dir, job.step, name)) {
    if (old.attempt >= job.attempt) rmSync(old.directory, { recursive: true, force: true });
  }
}

interface Keeper {
  json(file: string, value: unknown): void;
  event(event: RecordedEvent): void;
  append(line: string): void;
  bytes(file: string, bytes: Uint8Array): void;
}

function keeper(directory: string, job: PromptJob, deps: RecordDeps): Keeper {
  const portable = toPortable(localsOf(job, deps.paths));
  const clean = <T>(value: T): T => portable(deps.masker === undefined ? value : deps.masker.json(value));
  const put = (file: string, content: string | Uint8Array): void => {
    const target = path.join(directory, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(`${target}.new`, content);
    renameSync(`${target}.new`, target);
  };
  const append = (line: string): void => appendFileSync(path.join(directory, 'events.jsonl'), line);
  return {
    json: (file, value) => put(file, `${JSON.stringify(clean(value), null, 2)}\n`),
    event: (event) => append(`${JSON.stringify(clean(event))}\n`),
    append,
    bytes: (file, bytes) => put(file, masked(bytes, deps.masker)),
  };
}

function masked(bytes: Uint8Array, masker: Masker | undefined): Uint8Array {
  if (masker === undefined) return bytes;
  const stream = masker.stream();
  // A chunk is valid until the next call, so it is copied.
  return Buffer.concat([Buffer.from(stream.push(bytes)), stream.end()]);
}

function overhearing(hear: Hear, event: (event: RecordedEvent) => void): Hear {
  return {
    ...hear,
    chatter: (chatter) => {
      event(withoutAttempt(chatter));
      hear.chatter(chatter);
    },
    session: (id, engine) => {
      event({ type: 'session', id });
      hear.session(id, engine);
    },
  };
}

function withoutAttempt(chatter: Chatter): RecordedEvent {
  const { step: _, attempt: __, ...said } = chatter;
  return said;
}
