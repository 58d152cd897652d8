/** Makes the attempts of `prompt` steps with an agent CLI. */
import type { EngineConfig } from '../model/config.ts';
import { type AttemptValues, addUsage, type Usage } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { Clock, Engine, Hear, Outcome, PromptJob, Stop } from '../model/ports.ts';
import type { Json } from '../model/result.ts';
import type { Totals } from './agent-ledger.ts';
import { makeTurn, type TurnEnd, type Turns } from './agent-turn.ts';
import type { ProcessPauses } from './child.ts';
import { agentBase, childEnv, type Environ, passing } from './child-env.ts';
import { stepDirectory } from './cwd.ts';
import type { AnyDialect } from './dialects/dialect.ts';
import { heldIn } from './held.ts';
import type { Masker } from './mask.ts';
import { missingServer } from './mcp-check.ts';
import { answerIn, repairPrompt, type Validate } from './schema-check.ts';
import type { Started } from './updating.ts';
import type { VersionMemory } from './version-memory.ts';
import { watchVersion } from './version-watch.ts';

/** The transcript of one attempt of an agent; a trouble with it never ends the attempt. */
export interface AgentLog {
  write(file: 'prompt.md' | 'events.jsonl' | 'stderr.log' | 'answer.json', bytes: Uint8Array | string): void;
  close(): void;
}

/** What the attempts of `prompt` steps need from outside. */
export interface AgentDeps {
  /** Absolute path of the workspace's root. */
  readonly root: string;
  /** The caller's environment. */
  readonly environ: Environ;
  /** The names that the workflow declares as secrets. */
  readonly secrets: readonly string[];
  /** An existing directory outside the workspace, in which each turn gets one of its own. */
  readonly tmp: string;
  /** How this engine is reached on this machine. */
  readonly config: EngineConfig;
  readonly clock: Clock;
  readonly validate: Validate;
  /** What engines said of their versions before; without it, nobody asks. */
  readonly versions?: VersionMemory;
  /** There when something has to be masked. */
  readonly masker?: Masker;
  /** What to say where the engine knows no model of this name, given what it said; undefined where nothing is near. */
  readonly modelMeant?: (asked: string, said: string) => string | undefined;
  readonly pauses?: ProcessPauses;
  transcript(job: PromptJob): AgentLog;
  /** The mark that this attempt's children carry. */
  mark(job: PromptJob): string;
}

/** The engine that speaks this dialect. */
export function agentEngine(dialect: AnyDialect, deps: AgentDeps): Engine {
  const started: Started = {};
  const totals: Totals = new Map();
  const version = watchVersion(dialect, deps);
  return {
    name: dialect.name,
    attempt: (job, hear, stop) => attempt({ dialect, deps, started, totals, version }, job, hear, stop),
  };
}

async function attempt(
  {
    dialect,
    deps,
    started,
    totals,
    version,
  }: Pick<Turns, 'dialect' | 'deps' | 'started' | 'totals' | 'version'>,
  job: PromptJob,
  hear: Hear,
  stop: Stop,
): Promise<Outcome> {
  const root = job.root ?? deps.root;
  const cwd = stepDirectory(root, job.cwd);
  if (!cwd.ok) return { ok: false, failure: { reason: 'config', message: cwd.error }, values: {} };
  const mark = deps.mark(job);
  const { run, step, attempt: number, env: own } = job;
  const base = agentBase(deps.environ, deps.secrets, passing(dialect, deps.environ, deps.config));
  const variables = { run, step, attempt: number, workspace: root, mark };
  const env: Turns['env'] = (more) =>
    childEnv(
      { ...heldIn(dialect.held, cwd.value, root, deps.environ), ...base, ...more },
      { ...deps.config.env, ...own },
      variables,
    );
  const log = deps.transcript(job);
  try {
    log.write('prompt.md', deps.masker?.text(job.prompt) ?? job.prompt);
    const turns = {
      dialect,
      deps,
      started,
      totals,
      version,
      cwd: cwd.value,
      env,
      mark,
      log,
      hear: sayingSessionsOnce(hear),
      stop,
    };
    // What its own server is missing is known before anything is spent.
    const missing = missingServer(job.mcp, env({}).PATH ?? '', cwd.value);
    const done = missing === undefined ? await converse(turns, job) : undone(missing);
    const heard = outcomeOf(dialect, done);
    // Its lines were masked as they came, but what was escaped in one of a thousand ways is spelled out only now.
    const outcome = deps.masker?.json(heard) ?? heard;
    log.write('answer.json', `${JSON.stringify(outcome, null, 2)}\n`);
    return outcome;
  } finally {
    log.close();
  }
}

/** Two turns are in the same session, which is opened once. */
function sayingSessionsOnce(hear: Hear): Hear {
  let last: string | undefined;
  return {
    ...hear,
    session(id, engine) {
      if (id === last) return;
      last = id;
      hear.session(id, engine);
    },
  };
}

/** All turns of an attempt together. */
interface Done {
  readonly last: TurnEnd;
  readonly usage?: Usage;
  readonly durationMs: number;
  readonly failure?: Failure;
  readonly output?: Json;
}

/** What never began. */
function undone(failure: Failure): Done {
  return { last: { facts: {}, failure, stopped: false, durationMs: 0 }, durationMs: 0, failure };
}

/** Has the conversation: one turn, then one more in the same session if the answer cannot be used. */
async function converse(turns: Turns, job: PromptJob): Promise<Done> {
  const first = await makeTurn(turns, job);
  const done = judge(turns, job, first);
  const broken = done.problems;
  const asked = job.schema === undefined || broken === undefined ? undefined : askedAgain(turns, job, first);
  if (job.schema === undefined || broken === undefined || asked === undefined) return done;
  // Asked to stop when the first turn was over already, it has no second one.
  if (first.stopped || turns.stop.soft.aborted) return done;
  const left = leftAfter(job, first);
  if (left === undefined) return done;
  const prompt = repairPrompt(job.schema, broken, asked.answer);
  const masked = turns.deps.masker?.text(prompt) ?? prompt;
  turns.log.write('prompt.md', `\n\n---\n\n${masked}`);
  const { step, attempt: number } = job;
  turns.hear.chatter({
    type: 'said',
    step,
    attempt: number,
    what: 'retry',
    text: `asking again: ${broken.join('; ')}`,
  });
  const second = await makeTurn(turns, { ...job, prompt: masked, ...asked.job, ...left });
  return together(first, judge(turns, job, second));
}

/** What of the limit in dollars is left to a second turn; undefined where nothing is. */
function leftAfter({ maxUsd }: PromptJob, { facts }: TurnEnd): Pick<PromptJob, 'maxUsd'> | undefined {
  if (maxUsd === undefined) return {};
  const left = maxUsd - (facts.usage?.usd ?? 0);
  return left > 0 ? { maxUsd: left } : undefined;
}

/**
 * How the answer is asked for again; undefined where that is of no use. What keeps no sessions is told its answer, and may change
 * nothing any more: it would begin to work.
 */
function askedAgain(
  { dialect }: Turns,
  job: PromptJob,
  { session, facts }: TurnEnd,
): { readonly job: Partial<PromptJob>; readonly answer?: string } | undefined {
  const { keys, levels } = dialect.capabilities;
  const goesOn = keys.includes('session');
  // Some name a session that cannot be gone on in.
  if (session !== undefined && (goesOn || levels === undefined))
    return { job: { session: { id: session, fork: false } } };
  if (levels?.includes('read') === false) return undefined;
  const keepsSessions = goesOn || job.session !== undefined;
  if (keepsSessions || facts.text === undefined || facts.text.length > LONGEST_RETOLD) return undefined;
  return { job: { access: 'read' }, answer: facts.text };
}

/** A longer answer would fill what the model can take. In letters. */
const LONGEST_RETOLD = 200_000;

interface Judged extends Done {
  /** What is wrong with the answer, where asking for it again may help. */
  readonly problems?: readonly string[];
}

function judge({ deps }: Turns, job: PromptJob, turn: TurnEnd): Judged {
  const { usage } = turn.facts;
  const done = { last: turn, durationMs: turn.durationMs, ...(usage === undefined ? {} : { usage }) };
  const { failure } = turn;
  if (job.schema === undefined) return { ...done, ...(failure === undefined ? {} : { failure }) };
  if (failure !== undefined) {
    return { ...done, failure, ...(failure.reason === 'output' ? { problems: [failure.message] } : {}) };
  }
  const answer = answerIn(turn.facts, job.schema, deps.validate);
  if (answer.ok) return { ...done, output: answer.value };
  const problems = answer.error.map((problem) => deps.masker?.text(problem) ?? problem);
  const message = `the answer does not fit its schema: ${problems.join('; ')}`;
  const help = 'say in the prompt what the answer should hold, or loosen the schema under `output`';
  return { ...done, failure: { reason: 'output', message, help }, problems };
}

function together(first: TurnEnd, second: Judged): Done {
  const { usage: before } = first.facts;
  const usage =
    before === undefined || second.usage === undefined
      ? (before ?? second.usage)
      : addUsage(before, second.usage);
  const { problems: _, ...done } = second;
  return {
    ...done,
    durationMs: first.durationMs + second.durationMs,
    ...(usage === undefined ? {} : { usage }),
  };
}

function outcomeOf(dialect: AnyDialect, done: Done): Outcome {
  const { last, usage, failure, output, durationMs } = done;
  const { text, model } = last.facts;
  const values: AttemptValues = {
    'duration-ms': Math.round(durationMs),
    ...(last.exitCode === undefined ? {} : { 'exit-code': last.exitCode }),
    ...(text === undefined ? {} : { text }),
    ...(output === undefined ? {} : { output }),
    ...(usage === undefined ? {} : { usage }),
    engine: dialect.name,
    ...(model === undefined ? {} : { model }),
    ...(last.session === undefined ? {} : { session: last.session }),
  };
  return failure === undefined ? { ok: true, values } : { ok: false, failure, values };
}
