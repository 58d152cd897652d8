// Runs workflows in memory: a clock that is told the time, attempts by script, a tree of names and texts.
import type { Milestone, MilestoneBody } from '../../src/model/event.ts';
import type { Expr, Template } from '../../src/model/expression.ts';
import { foldAll } from '../../src/model/fold.ts';
import { asRunId, asStepId } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Clock, Hear, Job, Outcome, Stop, Workspace } from '../../src/model/ports.ts';
import type { Progress } from '../../src/model/progress.ts';
import type { Json } from '../../src/model/result.ts';
import { err, ok } from '../../src/model/result.ts';
import type { Evaluate } from '../../src/model/scope.ts';
import type {
  GateStep,
  LoopStep,
  Matrix,
  PromptStep,
  ReduceStep,
  RunStep,
  Step,
  UsesStep,
  Workflow,
} from '../../src/model/workflow.ts';
import { planWorkflow } from '../../src/plan/plan.ts';
import type { RunHandle, RunResult } from '../../src/run/run.ts';
import { startRun } from '../../src/run/run.ts';
import type { RunInput, RunOptions, RunPorts } from '../../src/run/running.ts';

const AT = { start: 0, end: 0 };

export function expr(text: string): Expr {
  return { text, at: AT };
}

/** `a ${{ x }} b`, fences found without any care. */
export function template(text: string): Template {
  const parts = text
    .split(/(\$\{\{.*?\}\})/)
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('${{') ? expr(part.slice(3, -2).trim()) : part));
  return { parts, whole: parts.length === 1 && typeof parts[0] !== 'string', at: AT };
}

type Spec<S> = Partial<Omit<S, 'id' | 'needs' | 'if' | 'kind'>> & {
  needs?: readonly string[];
  if?: string;
};

function common(id: string, spec: { needs?: readonly string[]; if?: string }) {
  const { needs = [], if: condition } = spec;
  return {
    id: asStepId(id),
    declared: true,
    at: AT,
    needs: needs.map(asStepId),
    needsAt: AT,
    ifDecides: /\b(success|failure|always|canceled)\(/.test(condition ?? ''),
    ...(condition === undefined ? {} : { if: expr(condition) }),
    env: {},
    continueOnError: false,
  };
}

const NO_RETRY = { attempts: 1, delayMs: 10_000, backoff: 'exponential', maxDelayMs: 300_000 } as const;

export function runStep(id: string, spec: Spec<RunStep> = {}): RunStep {
  const { needs: _, if: __, ...rest } = spec;
  const own = {
    kind: 'run',
    script: template(`echo ${id}`),
    outputs: {},
    retry: { ...NO_RETRY, on: ['exit-code'] },
  } as const;
  return { ...common(id, spec), ...own, ...rest };
}

export function agentStep(id: string, spec: Spec<PromptStep> = {}): PromptStep {
  const { needs: _, if: __, ...rest } = spec;
  const own = {
    kind: 'prompt',
    prompt: template(`do ${id}`),
    engines: ['claude-code'],
    access: 'read',
    accessSaid: true,
    idleTimeoutMs: 600_000,
    quotaWaitMs: 6 * 3_600_000,
    undo: true,
    retry: { ...NO_RETRY, attempts: 3, on: ['transient'] },
  } as const;
  return { ...common(id, spec), ...own, ...rest };
}

export function gateStep(id: string, spec: Spec<GateStep> = {}): GateStep {
  const { needs: _, if: __, ...rest } = spec;
  const own = {
    kind: 'gate',
    message: template(`go on after ${id}?`),
    show: [],
    options: ['approve', 'reject'],
    fields: {},
    onTimeout: 'reject',
    retry: { ...NO_RETRY, on: [] },
  } as const;
  return { ...common(id, spec), ...own, ...rest };
}

export function loopStep(
  id: string,
  steps: readonly Step[],
  spec: Spec<Omit<LoopStep, 'until' | 'while'>> & { until?: string; while?: string } = {},
): LoopStep {
  const { needs: _, if: __, until, while: condition, ...rest } = spec;
  const own = { kind: 'loop', steps, max: 3, onExhausted: 'fail', retry: { ...NO_RETRY, on: [] } } as const;
  return {
    ...common(id, spec),
    ...own,
    ...(until === undefined ? {} : { until: expr(until) }),
    ...(condition === undefined ? {} : { while: expr(condition) }),
    ...rest,
  };
}

export function reduceStep(id: string, from: string, spec: Spec<ReduceStep> = {}): ReduceStep {
  const { needs: _, if: __, ...rest } = spec;
  const own = {
    kind: 'reduce',
    from: asStepId(from),
    mode: 'best-of',
    judge: agentStep(`${id}:judge`),
    checks: [],
    retry: { ...NO_RETRY, on: [] },
  } as const;
  return { ...common(id, { needs: [from], ...spec }), ...own, ...rest };
}

export function usesStep(id: string, part: Workflow, spec: Spec<UsesStep> = {}): UsesStep {
  const { needs: _, if: __, ...rest } = spec;
  const own = {
    kind: 'uses',
    file: './parts/p.yml',
    part,
    with: {},
    given: Object.keys(spec.env ?? {}),
    retry: { ...NO_RETRY, on: [] },
  } as const;
  return { ...common(id, spec), ...own, ...rest };
}

export function workflowOf(steps: readonly Step[], more: Partial<Workflow> = {}): Workflow {
  return {
    source: { path: 'w.yml', text: '' },
    sha256: 'ab'.repeat(32),
    name: 'w',
    inputs: {},
    env: {},
    envFiles: [],
    secrets: [],
    steps,
    finally: [],
    outputs: {},
    files: {},
    ...more,
  };
}

export function planOf(workflow: Workflow): Plan {
  const { plan, diagnostics } = planWorkflow(workflow);
  if (plan === undefined) throw new Error(diagnostics.map((d) => d.message).join('; '));
  return plan;
}

/** Expressions are JavaScript here: what they mean in a workflow is another room's business. */
export const evaluate: Evaluate = ({ text }, { contexts, functions }) => {
  const names = [...Object.keys(contexts), ...Object.keys(functions)];
  const values = [...Object.keys(contexts).map((name) => contexts[name]), ...Object.values(functions)];
  try {
    return ok((new Function(...names, `return (${text})`)(...values) ?? null) as Json);
  } catch (error) {
    return err((error as Error).message);
  }
};

export interface FakeClock extends Clock {
  /** Goes on to the next timer and fires it; false when there is none. */
  next(): boolean;
  readonly waits: number[];
}

export function fakeClock(start = Date.UTC(2026, 10, 20, 14, 15, 3)): FakeClock {
  let now = start;
  let timers: { at: number; then: () => void }[] = [];
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    after: (ms, then) => {
      const timer = { at: now + ms, then };
      timers.push(timer);
      waits.push(ms);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    next: () => {
      const [first] = timers.sort((a, b) => a.at - b.at);
      if (first === undefined) return false;
      timers = timers.filter((timer) => timer !== first);
      now = Math.max(now, first.at);
      first.then();
      return true;
    },
  };
}

/** A tree of names and texts, with recordings that are copies. */
export interface FakeTree extends Workspace {
  readonly files: Map<string, string>;
  readonly recordings: Map<string, ReadonlyMap<string, string>>;
}

export function fakeTree(): FakeTree {
  const files = new Map<string, string>();
  const recordings = new Map<string, ReadonlyMap<string, string>>();
  const at = (tree: string) => recordings.get(tree) ?? new Map<string, string>();
  const differ = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>) =>
    [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).sort();
  return {
    files,
    recordings,
    record: async (_run, label, since) => {
      const tree = `${recordings.size + 1}:${label}`;
      recordings.set(tree, new Map(files));
      return ok({ tree, files: since === undefined ? [] : differ(at(since), files) });
    },
    restore: async (to, from, found) => {
      const touched = differ(at(to), at(from));
      const known = [at(to), at(from), ...(found === undefined ? [] : [at(found)])];
      // One that is away can lose nothing.
      const edited = touched.filter(
        (path) => files.has(path) && !known.some((recording) => recording.get(path) === files.get(path)),
      );
      if (edited.length > 0) return err({ reason: 'config', message: `${edited.join()} was edited later.` });
      for (const path of touched) {
        const text = at(to).get(path);
        if (text === undefined) files.delete(path);
        else files.set(path, text);
      }
      return ok(touched);
    },
    changed: async (from, to) => ok(differ(at(from), at(to))),
    diff: async (from, to) => {
      const lines = differ(at(from), at(to)).map((path) => `${path}: ${at(to).get(path) ?? 'deleted'}`);
      return ok(`${lines.join('\n')}\n`);
    },
  };
}

export type Script = (job: Job, hear: Hear, stop: Stop) => Promise<Outcome> | Outcome;

export const fine = (values: Outcome['values'] = {}): Outcome => ({ ok: true, values });
export const failing = (
  reason: Extract<Outcome, { ok: false }>['failure']['reason'],
  more: Partial<Extract<Outcome, { ok: false }>['failure']> = {},
): Outcome => ({ ok: false, failure: { reason, message: `it was ${reason}`, ...more }, values: {} });

export interface RigOptions {
  readonly workflow: Workflow;
  readonly plan?: Plan;
  readonly script?: Script;
  readonly history?: readonly Milestone[];
  readonly clock?: FakeClock;
  readonly tree?: Workspace;
  readonly options?: Partial<RunOptions>;
  readonly ports?: Partial<RunPorts>;
  /** What is said with the opening. */
  readonly opening?: Pick<RunInput, 'prelude' | 'updated' | 'retryOf' | 'resolved'>;
  /** Rejects the commit of a milestone. */
  readonly refuse?: (body: MilestoneBody) => boolean;
}

export interface Rig {
  readonly handle: RunHandle;
  readonly clock: FakeClock;
  /** What was committed, the history included. */
  readonly journal: Milestone[];
  /** `step.attempt` in the order in which attempts were made. */
  readonly made: string[];
  /** The most attempts that ran at once. */
  most(): number;
  /** Lets everything happen, timers included, to the end of the run. */
  result(): Promise<RunResult>;
  progress(): Progress;
  statuses(): Record<string, string>;
  types(): string[];
}

export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export function start(of: RigOptions): Rig {
  const clock = of.clock ?? fakeClock();
  const journal = [...(of.history ?? [])];
  const made: string[] = [];
  let inside = 0;
  let most = 0;
  const ports: RunPorts = {
    emit: async (body) => {
      if (of.refuse?.(body) === true) throw new Error('the run has another owner');
      const at = new Date(clock.now()).toISOString();
      const milestone = {
        ...body,
        v: 1,
        seq: journal.length + 1,
        at,
        run: asRunId('20261120-141503-k7qd'),
      } as Milestone;
      journal.push(milestone);
      await turn();
      return milestone;
    },
    attempt: async (job, hear, stop) => {
      made.push(`${job.step}.${job.attempt}`);
      most = Math.max(most, ++inside);
      try {
        return await (of.script ?? (() => fine()))(job, hear, stop);
      } finally {
        inside--;
      }
    },
    workspace: of.tree,
    digest: JSON.stringify,
    evaluate,
    toText: (value) => (value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)),
    hashFiles: () => '',
    clock,
    random: () => 0.5,
    chatter: () => undefined,
    ...of.ports,
  };
  const handle = startRun({
    run: asRunId('20261120-141503-k7qd'),
    workflow: of.workflow,
    plan: of.plan ?? planOf(of.workflow),
    history: of.history ?? [],
    ...of.opening,
    ports,
    facts: { inputs: {}, git: {}, github: {}, secrets: { TOKEN: 'hush' }, envFile: {}, path: 'w.yml' },
    options: { maxParallel: 4, failFast: false, by: 'a test', ...of.options },
  });
  let over = false;
  void handle.done
    .catch(() => undefined)
    .finally(() => {
      over = true;
    });
  return {
    handle,
    clock,
    journal,
    made,
    most: () => most,
    result: async () => {
      for (let idle = 0, seen = -1; !over; ) {
        await turn();
        idle = journal.length === seen ? idle + 1 : 0;
        seen = journal.length;
        if (idle > 3 && !over && !clock.next())
          throw new Error(`the run hangs after ${JSON.stringify(journal.at(-1))}`);
      }
      return handle.done;
    },
    progress: () => foldAll(journal),
    statuses: () => Object.fromEntries([...foldAll(journal).steps].map(([key, step]) => [key, step.status])),
    types: () => journal.map((m) => ('step' in m ? `${m.type} ${m.step}` : m.type)),
  };
}

/** An attempt that goes on until it is told to end, or stopped. */
export function held(): { script: Script; end: (outcome?: Outcome) => void; started: Promise<void> } {
  let end: (outcome: Outcome) => void = () => undefined;
  let begin: () => void = () => undefined;
  const ended = new Promise<Outcome>((resolve) => {
    end = resolve;
  });
  const started = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const script: Script = (_job, _hear, stop) => {
    begin();
    stop.soft.addEventListener('abort', () => end(failing('signal', { signal: 'SIGINT' })));
    return ended;
  };
  return { script, end: (outcome = fine()) => end(outcome), started };
}

/** A matrix of literal axes. */
export function matrixOf(axes: Matrix['axes'], more: Partial<Matrix> = {}): Matrix {
  return { axes, include: [], exclude: [], failFast: false, ...more };
}
