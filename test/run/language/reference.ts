// Says what a workflow comes to, in the plainest way: one step after the other, from the words of the language alone.
import type { Cond, Made, MadeWorkflow } from './drawn.ts';

/** What the others see of a step. */
interface Seen {
  readonly status: string;
  readonly exit: number | null;
}

/** What a workflow comes to. */
export interface Reference {
  readonly statuses: ReadonlyMap<string, string>;
  readonly end: 'succeeded' | 'failed';
  /** Gates at which somebody is asked. */
  readonly asked: readonly string[];
}

/** Whether the n-th try (from 0) of a key fails. */
export function failsAt(step: Made, key: string, nth: number): boolean {
  let hash = 2_166_136_261;
  for (const char of `${key}:${nth}`) hash = Math.imul(hash ^ char.charCodeAt(0), 16_777_619) >>> 0;
  return (hash >>> 8) % 7 < step.failing;
}

/** What is decided at a gate. */
export function decisionAt(key: string): 'approve' | 'reject' {
  return failsAt({ failing: 2 } as Made, key, 0) ? 'reject' : 'approve';
}

interface Around {
  readonly prefix: string;
  readonly outer: ReadonlyMap<string, Seen>;
  readonly failureBefore: boolean;
  readonly index?: number;
  readonly previous?: ReadonlyMap<string, Seen>;
}

type Eval = {
  readonly seen: ReadonlyMap<string, Seen>;
  readonly success: boolean;
  readonly failure: boolean;
} & Pick<Around, 'index' | 'previous'>;

/** A step that was never reached. */
const NOTHING: Seen = { status: 'skipped', exit: null };

function holds(cond: Cond, at: Eval): boolean {
  switch (cond.op) {
    case 'always':
    case 'true':
      return true;
    case 'false':
      return false;
    case 'success':
      return at.success;
    case 'failure':
      return at.failure;
    case 'not':
      return !holds(cond.of, at);
    case 'and':
      return holds(cond.of[0], at) && holds(cond.of[1], at);
    case 'or':
      return holds(cond.of[0], at) || holds(cond.of[1], at);
    case 'status':
      return (at.seen.get(cond.of) ?? NOTHING).status === cond.is;
    case 'exit':
      return (at.seen.get(cond.of) ?? NOTHING).exit === cond.is;
    case 'previous-exit':
      return (at.previous?.get(cond.of) ?? NOTHING).exit === cond.is;
    case 'index':
      return (at.index ?? 0) < cond.below;
  }
}

function decides(cond: Cond): boolean {
  if (cond.op === 'not') return decides(cond.of);
  if (cond.op === 'and' || cond.op === 'or') return cond.of.some(decides);
  return cond.op === 'always' || cond.op === 'success' || cond.op === 'failure';
}

/** What the workflow comes to when every gate is answered as `decisionAt` says. */
export function interpret({ steps, finally: last }: MadeWorkflow): Reference {
  const statuses = new Map<string, string>();
  const asked: string[] = [];
  const main = runList(steps, { prefix: '', outer: new Map(), failureBefore: false });
  let failed = main.failed;
  for (const step of last) {
    const at = { seen: main.seen, success: !main.failed, failure: main.failed };
    const wanted = step.if === undefined || holds(step.if, at);
    const { status } = wanted ? tryRun(step, step.id) : { status: 'skipped' };
    statuses.set(step.id, status);
    if (status === 'failed' && !step.continueOnError) failed = true;
  }
  return { statuses, asked, end: failed ? 'failed' : 'succeeded' };

  function runList(list: readonly Made[], around: Around) {
    const seen = new Map(around.outer);
    const own = new Map<string, Seen>();
    const failures = new Map<string, boolean>();
    const forgiven = new Set(list.flatMap((step) => (step.continueOnError ? [step.id] : [])));
    let failed = false;
    for (const [position, step] of list.entries()) {
      const needs = step.needs ?? list.slice(Math.max(0, position - 1), position).map(({ id }) => id);
      const of = (id: string) => own.get(id) ?? NOTHING;
      const hard = (id: string) => of(id).status === 'failed' && !forgiven.has(id);
      const success = needs.every(
        (id) =>
          ['succeeded', 'skipped'].includes(of(id).status) ||
          (of(id).status === 'failed' && forgiven.has(id)),
      );
      const failure = around.failureBefore || needs.some((id) => failures.get(id) === true || hard(id));
      failures.set(step.id, failure);
      const at: Eval = { ...around, seen, success, failure };
      const result = judge(step, at, around);
      statuses.set(`${around.prefix}${step.id}`, result.status);
      own.set(step.id, result);
      seen.set(step.id, result);
      if (result.status === 'failed' && !step.continueOnError) failed = true;
    }
    return { seen, failed };

    function judge(step: Made, at: Eval, here: Around): Seen {
      const own = step.if !== undefined && decides(step.if);
      if (!own && !at.success) return { status: 'blocked', exit: null };
      if (step.if !== undefined && !holds(step.if, at))
        return { status: at.success ? 'skipped' : 'blocked', exit: null };
      const inner = { ...here, outer: seen, failureBefore: at.failure };
      if (step.matrix === undefined) return perform(step, `${here.prefix}${step.id}`, at, inner);
      return runMatrix(step, at, inner);
    }

    function perform(step: Made, key: string, at: Eval, inner: Around): Seen {
      if (step.kind === 'run') return tryRun(step, key);
      if (step.kind === 'gate') return passGate(step, key, at);
      return runLoop(step, key, inner);
    }

    function runMatrix(step: Made, at: Eval, inner: Around): Seen {
      const ends: string[] = [];
      for (const value of step.matrix?.values ?? []) {
        const key = `${inner.prefix}${step.id}[${value}]`;
        const stopped = step.matrix?.failFast === true && ends.includes('failed');
        const status = stopped ? 'canceled' : perform(step, key, at, inner).status;
        statuses.set(key, status);
        ends.push(status);
      }
      return { status: ends.includes('failed') ? 'failed' : 'succeeded', exit: null };
    }

    function runLoop({ loop }: Made, key: string, inner: Around): Seen {
      // Of a body step that one iteration does not reach, an earlier execution is the last.
      const latest = new Map<string, Seen>();
      const ended = (status: string): Seen => {
        for (const [id, value] of latest) seen.set(id, value);
        return { status, exit: null };
      };
      if (loop === undefined) throw new Error('no loop');
      let previous: ReadonlyMap<string, Seen> | undefined;
      const wanted = (index: number) =>
        loop.while === undefined ||
        holds(loop.while, {
          ...{ seen: inner.outer, success: true, failure: false, index },
          ...(previous === undefined ? {} : { previous }),
        });
      for (let index = 1; ; index++) {
        if (!wanted(index)) return ended('succeeded');
        if (index > loop.max) return ended(loop.onExhausted === 'fail' ? 'failed' : 'succeeded');
        const body = runList(loop.steps, {
          ...{ prefix: `${key}[${index}].`, outer: inner.outer, failureBefore: inner.failureBefore, index },
          ...(previous === undefined ? {} : { previous }),
        });
        const before = previous;
        previous = body.seen;
        for (const [id, value] of body.seen) latest.set(id, value);
        if (body.failed) return ended('failed');
        const until = {
          ...{ seen: body.seen, success: true, failure: false, index },
          ...(before === undefined ? {} : { previous: before }),
        };
        if (loop.until !== undefined && holds(loop.until, until)) return ended('succeeded');
      }
    }
  }

  function tryRun(step: Made, key: string): Seen {
    for (let nth = 0; nth < step.attempts; nth++)
      if (!failsAt(step, key, nth)) return { status: 'succeeded', exit: 0 };
    return { status: 'failed', exit: 1 };
  }

  function passGate({ gate }: Made, key: string, at: Eval): Seen {
    const said = (status: string): Seen => ({ status, exit: null });
    if (gate?.require !== undefined && !holds(gate.require, at)) return said('failed');
    if (gate?.asks !== true) return said('succeeded');
    if (gate.approveIf !== undefined && holds(gate.approveIf, at)) return said('succeeded');
    asked.push(key);
    return said(decisionAt(key) === 'approve' ? 'succeeded' : 'failed');
  }
}
