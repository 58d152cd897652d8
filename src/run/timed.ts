/** Makes an attempt so that it can be stopped, by its own time or by the run. */
import type { EngineVersion } from '../model/engine-version.ts';
import type { Chatter, Usage } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { Job, Outcome } from '../model/ports.ts';
import type { Progress } from '../model/progress.ts';
import type { AttemptOf } from './attempt.ts';
import { leftOf, type Rest, usedUpRest } from './budget-rest.ts';

/** What a shell gives a command that `timeout` ended; conditions compare with it. */
const TIMEOUT_EXIT_CODE = 124;

/** Makes the attempt. `limitMs` is what is left of its time; undefined is no limit. */
export async function timed(of: AttemptOf, job: Job, limitMs: number | undefined): Promise<Outcome> {
  const { run, phase, key, attempt } = of;
  const { ports } = run.input;
  const engine = job.kind === 'prompt' ? of.engine : undefined;
  const own = phase.openStop();
  if (own.stop.soft.aborted) {
    own.close();
    return failed({ reason: 'interrupted', message: 'stopped before it began' });
  }
  let timeout = false;
  let open = true;
  let heard: Usage | undefined;
  const watch = run.budgets.watch({ step: of.step, key, stop: () => own.soft('budget') });
  const takeBack =
    limitMs === undefined
      ? () => undefined
      : ports.clock.after(limitMs, () => {
          timeout = true;
          own.soft('timeout');
        });
  const hear = {
    chatter: (said: Chatter) => {
      ports.chatter(said);
      if (open && isWork(said)) run.breaker.served(key);
      if (!open || said.type !== 'said' || said.usage === undefined) return;
      heard = said.usage;
      watch.heard(run.budgets.priced(said.usage, job.kind === 'prompt' ? job.model : undefined));
    },
    session: (session: string, version?: EngineVersion) => {
      if (!open) return;
      void run.ledger.say({
        ...{ type: 'session-opened', step: key, attempt, engine: engine ?? '', session },
        ...(of.newSession === undefined ? {} : { because: of.newSession }),
        ...(version === undefined ? {} : toSay(run.ledger.progress, engine ?? '', version)),
      });
    },
    version: (version: EngineVersion) => {
      const { untested } = open ? toSay(run.ledger.progress, engine ?? '', version) : {};
      if (untested === undefined) return;
      void run.ledger.say({
        ...{ type: 'engine-untested', engine: engine ?? '', version: version.version, untested },
      });
    },
  };
  const { rest } = watch;
  const bound =
    rest !== undefined && job.kind === 'prompt' && leftOf(rest) > 0 ? { ...job, maxUsd: leftOf(rest) } : job;
  try {
    const outcome = withCost(of, job, await ports.attempt(bound, hear, own.stop), heard);
    const why = watch.why() ?? heldItself(outcome, rest);
    if (why !== undefined && !outcome.ok) return { ...outcome, failure: why };
    return timeout && !outcome.ok ? timedOut(of.step.timeoutMs ?? 0, outcome) : outcome;
  } finally {
    open = false;
    watch.close();
    takeBack();
    own.close();
  }
}

/** An engine that ended at the limit it was given does not know whose that is. */
function heldItself({ values, ...end }: Outcome, rest: Rest | undefined): Failure | undefined {
  if (end.ok || end.failure.reason !== 'budget' || rest === undefined) return undefined;
  return usedUpRest(rest, values.usage?.usd ?? 0);
}

/** What only a model that answers can have said; an engine also puts its own troubles into words. */
function isWork(said: Chatter): boolean {
  if (said.type !== 'said') return false;
  return said.what === 'tool-call' || (said.usage?.['output-tokens'] ?? 0) > 0;
}

/** That a version is none of the measured ones is said once. */
function toSay(
  { untested: said = {} }: Progress,
  engine: string,
  { version, untested }: EngineVersion,
): EngineVersion {
  return { version, ...(untested === undefined || said[engine] === version ? {} : { untested }) };
}

/** Where the engine does not know what it cost, the prices of the configuration may. */
function withCost({ run }: AttemptOf, job: Job, outcome: Outcome, heard: Usage | undefined): Outcome {
  const { usage = heard, model } = outcome.values;
  if (usage === undefined || job.kind !== 'prompt') return outcome;
  const asked = run.budgets.priced(usage, job.model);
  const said = asked.usd === null ? run.budgets.priced(usage, model) : asked;
  return { ...outcome, values: { ...outcome.values, usage: said } };
}

/** An attempt that never came to anything. */
export function failed(failure: Failure): Extract<Outcome, { ok: false }> {
  return { ok: false, failure, values: {} };
}

function timedOut(limitMs: number, outcome: Outcome): Outcome {
  const message = `not finished after ${limitMs / 1000} s, so it was stopped`;
  return {
    ok: false,
    failure: {
      reason: 'timeout',
      message,
      'exit-code': TIMEOUT_EXIT_CODE,
      help: 'raise `timeout` if it needs longer',
    },
    values: { ...outcome.values, 'exit-code': TIMEOUT_EXIT_CODE },
  };
}
