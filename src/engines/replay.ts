/** Answers for agents out of a recording: no engine, no network, no key. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Chatter } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { Hear, Outcome, PromptJob, Stop } from '../model/ports.ts';
import type { Json, Result } from '../model/result.ts';
import type { Masker } from './mask.ts';
import {
  type AgentAttempt,
  type Locals,
  localsOf,
  type NameStep,
  RECORDING_VERSION,
  type RecordedAnswer,
  type RecordedEvent,
  type RecordedRequest,
  recordedAttempts,
  requestOf,
  toLocal,
  toPortable,
} from './recorded.ts';

/** What replaying needs from outside. */
export interface ReplayDeps {
  readonly name: NameStep;
  /** As when recording: a secret is `***` on both sides. */
  readonly masker?: Masker;
  readonly paths: Locals['paths'];
  /** Makes the recorded changes in the tree, all or none. Absent where there is no workspace that takes a patch. */
  readonly applyPatch?: (patch: Uint8Array, job: PromptJob) => Promise<Result<unknown, Failure>>;
  /** Puts the recorded files into the tree that no patch has. */
  readonly putFiles?: (directory: string, job: PromptJob) => void;
  /** Shows people how two texts differ, line by line. */
  readonly diff: (recorded: string, asked: string) => Promise<string>;
}

/**
 * Gives what was recorded in `dir` for the same step: changes the tree, says what was said, ends as it ended (usage included,
 * `reused: 'replay'`). The n-th attempt gets the n-th recorded answer; attempts that were cut off are none, and after the last one a
 * success is given again, so that an interrupted replay can go on. A question that was not recorded, or differs from the recorded
 * one in prompt or settings, fails with the reason `replay`, which no retry heals.
 */
export function replaying(dir: string, deps: ReplayDeps): AgentAttempt {
  return async (job, hear, stop) => {
    const recorded = find(dir, job, deps.name);
    if (!recorded.ok) return failed(recorded.error);
    const { directory, answer, request } = recorded.value;
    const difference = await compare(request, job, deps);
    if (difference !== undefined) return failed(differs(job, difference));
    if (stop.soft.aborted || stop.hard.aborted) return failed(stopped(stop));
    const events = eventsIn(directory);
    if (!events.ok) return failed(events.error);
    const changed = await change(directory, job, deps);
    if (!changed.ok) return failed(changed.error);
    const files = path.join(directory, 'artifacts');
    if (existsSync(files)) deps.putFiles?.(files, job);
    const local = toLocal(localsOf(job, deps.paths));
    for (const event of events.value) say(local(event), job, hear);
    const values = local(answer.values);
    if (answer.ok) return { ok: true, values, reused: 'replay' };
    if (answer.failure === undefined)
      return failed(damaged(directory, 'an answer that failed names no failure'));
    return { ok: false, failure: local(answer.failure), values };
  };
}

function failed(failure: Failure): Outcome {
  return { ok: false, failure, values: {} };
}

interface Found {
  readonly directory: string;
  readonly request: RecordedRequest;
  readonly answer: RecordedAnswer;
}

function find(dir: string, job: PromptJob, name: NameStep): Result<Found, Failure> {
  const answered = recordedAttempts(dir, job.step, name).filter((one) => one.answered);
  const exact = answered[job.attempt - 1];
  const directory = (exact ?? answered.at(-1))?.directory;
  if (directory === undefined) return { ok: false, error: notRecorded(dir, job, answered.length) };
  try {
    const answer = read(directory, 'answer.json') as RecordedAnswer;
    const request = read(directory, 'request.json') as RecordedRequest;
    if (answer.v !== RECORDING_VERSION || request.v !== RECORDING_VERSION) {
      return { ok: false, error: damaged(directory, 'another version of codemachine wrote it') };
    }
    if (exact === undefined && !answer.ok)
      return { ok: false, error: notRecorded(dir, job, answered.length) };
    return { ok: true, value: { directory, answer, request } };
  } catch (error) {
    return { ok: false, error: damaged(directory, error instanceof Error ? error.message : String(error)) };
  }
}

function read(directory: string, file: string): unknown {
  return JSON.parse(readFileSync(path.join(directory, file), 'utf8'));
}

/** How the question differs from the recorded one; undefined where it does not. */
async function compare(
  recorded: RecordedRequest,
  job: PromptJob,
  deps: ReplayDeps,
): Promise<string | undefined> {
  const portable = toPortable(localsOf(job, deps.paths));
  const plain = requestOf(job);
  const asked = portable(deps.masker === undefined ? plain : deps.masker.json(plain));
  const settings = differentSettings(recorded, asked);
  const texts: string[] = [];
  for (const [what, before, now] of [
    ['system prompt', recorded.system ?? '', asked.system ?? ''],
    ['prompt', recorded.prompt, asked.prompt],
  ] as const) {
    if (before !== now)
      texts.push(`the ${what}, - as recorded, + as asked now:\n${await deps.diff(before, now)}`);
  }
  const all = [...settings, ...texts];
  return all.length === 0 ? undefined : all.join('\n');
}

function differentSettings(recorded: RecordedRequest, asked: RecordedRequest): readonly string[] {
  const before: Record<string, Json> = { engine: recorded.engine, ...recorded.settings };
  const now: Record<string, Json> = { engine: asked.engine, ...asked.settings };
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => canonical(before[name]) !== canonical(now[name]))
    .map((name) => `${name}: recorded ${shown(before[name])}, asked now ${shown(now[name])}`);
}

/** JSON with sorted keys: the order in which a file writes them is no difference. */
function canonical(value: Json | undefined): string {
  const sorted = (_: string, inner: unknown): unknown =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  return JSON.stringify(value, sorted) ?? '';
}

function shown(value: Json | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

async function change(
  directory: string,
  job: PromptJob,
  deps: ReplayDeps,
): Promise<Result<unknown, Failure>> {
  const file = path.join(directory, 'change.patch');
  if (!existsSync(file)) return { ok: true, value: undefined };
  if (deps.applyPatch === undefined) {
    const message = `The recording ${directory} changes files, which needs a git repository to be replayed in.`;
    return {
      ok: false,
      error: { reason: 'replay', message, help: 'Run `git init` here, or replay in a repository.' },
    };
  }
  return deps.applyPatch(readFileSync(file), job);
}

/** Nothing but what an agent can say: an event of another kind would be heard as a milestone that no journal holds. */
function eventsIn(directory: string): Result<readonly RecordedEvent[], Failure> {
  const file = path.join(directory, 'events.jsonl');
  if (!existsSync(file)) return { ok: true, value: [] };
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    const events = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedEvent);
    const strange = events.find(({ type }) => type !== 'output' && type !== 'said' && type !== 'session');
    if (strange === undefined) return { ok: true, value: events };
    return { ok: false, error: damaged(directory, `no agent says ${JSON.stringify(strange.type)}`) };
  } catch (error) {
    return { ok: false, error: damaged(directory, error instanceof Error ? error.message : String(error)) };
  }
}

function say(event: RecordedEvent, job: PromptJob, hear: Hear): void {
  if (event.type === 'session') hear.session(event.id);
  else hear.chatter({ ...event, step: job.step, attempt: job.attempt } as Chatter);
}

function stopped(stop: Stop): Failure {
  const reason: unknown = stop.soft.aborted ? stop.soft.reason : stop.hard.reason;
  return {
    reason: reason === 'timeout' ? 'timeout' : 'interrupted',
    message: 'The replay was stopped before it answered.',
  };
}

const again = 'Record again with `codemachine run --record DIR`.';

function notRecorded(dir: string, job: PromptJob, count: number): Failure {
  const what =
    count === 0
      ? `no answer for the step ${job.step}`
      : `only ${count} answers for the step ${job.step}, and not attempt ${job.attempt}`;
  return { reason: 'replay', message: `The recording ${dir} has ${what}.`, help: again };
}

function differs(job: PromptJob, difference: string): Failure {
  const message = `The step ${job.step} asks something else than was recorded:\n${difference}`;
  return { reason: 'replay', message, help: `Undo the change, or record again. ${again}` };
}

function damaged(directory: string, why: string): Failure {
  return { reason: 'replay', message: `The recording ${directory} cannot be read: ${why}.`, help: again };
}
