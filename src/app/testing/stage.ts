/** Stands in for everybody whom a workflow asks, as a test says. */
import type { Attempt, Hear, Job, Outcome, PromptJob, RunJob, Stop } from '../../model/ports.ts';
import type { RunPorts } from '../../run/running.ts';
import type { TestCase } from '../../workflow/test-file.ts';
import type { Stage } from '../runs/execution.ts';
import { agentOutcome, runOutcome } from './answers.ts';
import { jumpingClock } from './clock.ts';
import { gateDecision } from './gates.ts';
import { byStep, idOf, type Turns } from './turns.ts';

/** A prompt as an agent got it. */
export interface Asked {
  readonly step: string;
  /** What it is called by beside its key. */
  readonly id: string | undefined;
  readonly prompt: string;
}

/** Why a case fails, whatever it expects: a question that nobody answered, an answer that cannot be given. */
export interface Trouble {
  readonly step: string;
  readonly message: string;
  readonly help?: string;
  /** Longer text to look at: the prompt that was asked. */
  readonly detail?: string;
  /** `parks`, a gate without a decision, is none where the run is expected to park. */
  readonly kind?: 'unanswered' | 'parks';
}

/** What a run was asked and could not be answered. */
export interface TestStage extends Stage {
  readonly asked: readonly Asked[];
  readonly troubles: readonly Trouble[];
}

/** Opens the stage of one case, whose run works in `root`. */
export function openStage(test: TestCase, root: string, shared: ReadonlySet<string>): TestStage {
  const time = jumpingClock();
  const asked: Asked[] = [];
  const troubles: Trouble[] = [];
  const turns = {
    answers: byStep(test.answers, shared),
    runs: byStep(test.runs, shared),
    gates: byStep(test.gates, shared),
  };
  // A retry asks the same again.
  const trouble = (one: Trouble): void => {
    if (!troubles.some(({ step, kind }) => step === one.step && kind !== undefined && kind === one.kind))
      troubles.push(one);
  };
  const answer = async (job: PromptJob, hear: Hear, stop: Stop, own: Attempt): Promise<Outcome> => {
    asked.push({ step: job.step, id: idOf(job.step, shared), prompt: job.prompt });
    const written = turns.answers.next(job.step);
    if (written !== undefined)
      return agentOutcome(job, written, { root, hear, trouble, now: time.clock.now });
    if (test.replay === undefined) return unanswered(job, turns.answers, trouble);
    const outcome = await own(job, hear, stop);
    if (!outcome.ok && outcome.failure.reason === 'replay') {
      const [message = '', ...detail] = outcome.failure.message.split('\n');
      const help = outcome.failure.help;
      trouble({
        ...{ step: job.step, message },
        ...(help === undefined ? {} : { help }),
        ...(detail.length === 0 ? {} : { detail: detail.join('\n') }),
      });
    }
    return outcome;
  };
  const run = (job: RunJob, hear: Hear, stop: Stop, own: Attempt): Promise<Outcome> => {
    const written = turns.runs.next(job.step);
    return written === undefined
      ? own(job, hear, stop)
      : Promise.resolve(runOutcome(job, written, root, trouble));
  };
  return {
    clock: time.clock,
    asked,
    troubles,
    attempt: (own) => (job: Job, hear, stop) =>
      job.kind === 'run' ? run(job, hear, stop, own) : answer(job, hear, stop, own),
    ports: (own) => {
      const ports = observed(own, time);
      // Who writes a test has to know who is `A`.
      const order = test.replay === undefined ? { shuffleSeed: () => undefined } : {};
      return { ...ports, ...order, askGate: gateDecision(turns.gates, own.askGate, time.during, trouble) };
    },
  };
}

function unanswered(job: PromptJob, turns: Turns<unknown>, trouble: (one: Trouble) => void): Outcome {
  const { step, attempt } = job;
  const given = turns.given(step);
  const message =
    given === 0
      ? `${step} asks ${job.engine}, and the test has no answer`
      : `${step} asks ${job.engine} once more (attempt ${attempt}), and the test has ${given} ${given === 1 ? 'answer' : 'answers'}`;
  const answer = job.schema === undefined ? '{ text: … }' : '{ output: { … } }';
  const help =
    given === 0 ? `add \`${step}: ${answer}\` under \`answers\`` : `add one to the list at \`${step}\``;
  trouble({ step, kind: 'unanswered', message, help, detail: job.prompt });
  return { ok: false, failure: { reason: 'replay', message, help }, values: {} };
}

/** Everything that the runner can wait for but time. */
function observed(own: RunPorts, time: ReturnType<typeof jumpingClock>): RunPorts {
  const { isolation, workspace, treeAtStart, lookAtKept, cache } = own;
  const { during } = time;
  return {
    ...own,
    clock: time.clock,
    emit: (body) => {
      // What is still timed then belongs to whoever goes on with the run, and nobody does.
      if (body.type === 'run-parked' || body.type === 'run-finished' || body.type === 'run-interrupted')
        time.stop();
      return during(own.emit(body));
    },
    attempt: (...given) => during(own.attempt(...given)),
    workspace: workspace === undefined ? undefined : awaited(workspace, during),
    ...(isolation === undefined ? {} : { isolation: awaited(isolation, during) }),
    ...(treeAtStart === undefined ? {} : { treeAtStart: () => during(treeAtStart()) }),
    ...(cache === undefined ? {} : { cache: awaited(cache, during) }),
    ...(lookAtKept === undefined ? {} : { lookAtKept: (...given) => during(lookAtKept(...given)) }),
  };
}

type During = <T>(work: Promise<T>) => Promise<T>;

/** An object whose functions are observed, and those of what they give: a worktree has some of its own. */
function awaited<T extends object>(target: T, during: During): T {
  return new Proxy(target, {
    get: (_, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        const back: unknown = Reflect.apply(value, target, given);
        return back instanceof Promise ? during(back).then((result) => deeper(result, during)) : back;
      };
    },
  });
}

function deeper(result: unknown, during: During): unknown {
  if (typeof result !== 'object' || result === null || !('value' in result)) return result;
  const { value } = result;
  const has = typeof value === 'object' && value !== null && 'record' in value;
  return has ? { ...result, value: awaited(value, during) } : result;
}
