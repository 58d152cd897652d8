/** Says how a recorded conversation with an agent looks on the disk, so that it means the same on another machine. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { AttemptValues, Chatter } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { RunId, StepKey } from '../model/ids.ts';
import type { Hear, Outcome, PromptJob, Stop } from '../model/ports.ts';
import type { Json } from '../model/result.ts';

/** The version of the files of a recorded attempt. */
export const RECORDING_VERSION = 1;

/** Makes an attempt of an agent, whichever it is. */
export type AgentAttempt = (job: PromptJob, hear: Hear, stop: Stop) => Promise<Outcome>;

/** Names the directory of an attempt, one part of a path ending in `.<attempt>`. Handed in: transcripts are named alike. */
export type NameStep = (step: StepKey, attempt: number) => string;

/** `request.json`: what was asked, as far as the answer depends on it. */
export interface RecordedRequest {
  readonly v: typeof RECORDING_VERSION;
  readonly step: StepKey;
  readonly attempt: number;
  readonly engine: string;
  readonly settings: { readonly [name: string]: Json };
  readonly system?: string;
  readonly prompt: string;
}

/** `answer.json`: how it ended. Written last: an attempt without it was cut off, and is no answer. */
export interface RecordedAnswer {
  readonly v: typeof RECORDING_VERSION;
  readonly ok: boolean;
  readonly failure?: Failure;
  readonly values: AttemptValues;
}

/** A line of `events.jsonl`: chatter without the attempt it belongs to, or the session's name. */
export type RecordedEvent = RecordedChatter | { readonly type: 'session'; readonly id: string };
type RecordedChatter = Chatter extends infer C
  ? C extends Chatter
    ? Omit<C, 'step' | 'attempt'>
    : never
  : never;

/** What differs between two runs of the same workflow although nothing that matters does. */
export interface Locals {
  readonly run: RunId;
  /** Absolute paths by the name that stands for them: `workspace`, `home`. */
  readonly paths: Readonly<Record<string, string>>;
}

/** What is local to a job: `workspace` is where it works; the shared tree beside its own worktree is `checkout`. */
export function localsOf({ run, root }: PromptJob, paths: Locals['paths']): Locals {
  if (root === undefined) return { run, paths };
  const { workspace, ...rest } = paths;
  return {
    run,
    paths: { ...rest, workspace: root, ...(workspace === undefined ? {} : { checkout: workspace }) },
  };
}

/** Rewrites the strings of a value. */
export type Rewrite = <T>(value: T) => T;

/** Puts placeholders where a run id or a path of this machine stands: `<codemachine:workspace>/src`. The longest path first. */
export function toPortable(locals: Locals): Rewrite {
  const names = Object.entries(locals.paths)
    .filter(([, where]) => where.length > 1)
    .sort(([, a], [, b]) => b.length - a.length);
  const patterns = names.map(([name, where]) => {
    // `/home/me` is not the beginning of `/home/melanie`.
    const whole = new RegExp(`${escaped(where)}(?![A-Za-z0-9_-]|\\.[A-Za-z0-9_])`, 'g');
    return [whole, placeholder(name)] as const;
  });
  return inStrings((text) => {
    let portable = text.replaceAll(locals.run, placeholder('run'));
    for (const [pattern, name] of patterns) portable = portable.replace(pattern, () => name);
    return portable;
  });
}

/** Puts this run's id and this machine's paths where the placeholders stand. */
export function toLocal(locals: Locals): Rewrite {
  return inStrings((text) => {
    let local = text.replaceAll(placeholder('run'), () => locals.run);
    for (const [name, where] of Object.entries(locals.paths))
      local = local.replaceAll(placeholder(name), () => where);
    return local;
  });
}

function placeholder(name: string): string {
  return `<codemachine:${name}>`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function inStrings(rewrite: (text: string) => string): Rewrite {
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return rewrite(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
  };
  return <T>(value: T): T => walk(value) as T;
}

/**
 * Says what a job asks. Left out is what cannot be the same elsewhere or must not be kept: variables (values may be secret), the
 * servers of `mcp`, and the session, whose id is another one each time.
 */
export function requestOf(job: PromptJob): RecordedRequest {
  const all = {
    model: job.model,
    effort: job.effort,
    access: job.access,
    network: job.network,
    tools: job.tools as Json | undefined,
    mcp: job.mcp === undefined ? undefined : Object.keys(job.mcp).sort(),
    'max-turns': job.maxTurns,
    'working-directory': job.cwd === '' ? undefined : job.cwd,
    schema: job.schema,
    session: job.session === undefined ? undefined : job.session.fork ? 'fork' : 'continue',
  };
  const settings: Record<string, Json> = {};
  for (const [name, value] of Object.entries(all)) if (value !== undefined) settings[name] = value;
  return {
    v: RECORDING_VERSION,
    step: job.step,
    attempt: job.attempt,
    engine: job.engine,
    settings,
    ...(job.system === undefined ? {} : { system: job.system }),
    prompt: job.prompt,
  };
}

/** The attempts of a step that are in a recording, lowest number first, and whether each came to an answer. */
export function recordedAttempts(
  dir: string,
  step: StepKey,
  name: NameStep,
): readonly { readonly attempt: number; readonly directory: string; readonly answered: boolean }[] {
  if (!existsSync(dir)) return [];
  const stem = name(step, 1).slice(0, -'1'.length);
  return readdirSync(dir)
    .filter((entry) => entry.startsWith(stem) && /^\d+$/.test(entry.slice(stem.length)))
    .map((entry) => {
      const directory = path.join(dir, entry);
      const answered = existsSync(path.join(directory, 'answer.json'));
      return { attempt: Number(entry.slice(stem.length)), directory, answered };
    })
    .sort((a, b) => a.attempt - b.attempt);
}
