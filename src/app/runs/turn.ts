/** Lets a run wait until it may begin: for those of its group, and for the checkout. */
import { setTimeout as pause } from 'node:timers/promises';
import { MARK_VARIABLE, runPattern } from '../../engines/mark.ts';
import type { Concurrency } from '../../model/concurrency.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import type { RunId } from '../../model/ids.ts';
import { err, type JsonObject, ok, type Result } from '../../model/result.ts';
import type { Workflow } from '../../model/workflow.ts';
import { matches } from '../../plan/selection.ts';
import { fillTemplate } from '../../run/scope.ts';
import type { Claim, Claimant } from '../../state/claims.ts';
import type { Lease, Refusal as Owned } from '../../state/lease.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import { evaluate, toText } from '../../workflow/evaluate.ts';
import { hashFiles } from '../../workspace/files.ts';
import { githubContext } from '../facts.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** Who wants to begin, or to go on. */
export interface TurnOf {
  readonly state: State;
  readonly record: RunRecord;
  readonly workflow: Workflow;
  readonly env: NodeJS.ProcessEnv;
  readonly by: string;
  readonly tell: (sentence: string) => void;
  /** Whether signals of this process mean the run. */
  readonly signals: boolean;
  readonly signal?: AbortSignal;
  /** It goes on only to end: it waits for nobody. */
  readonly cancel?: boolean;
}

/** The run is ours. */
export interface Turn {
  readonly lease: Lease;
  /** The next of the group may begin. */
  release(): void;
}

/** Why it is not: another run is in the way, it was refused, or whoever waited has left. */
export type NoTurn =
  | { readonly kind: 'owned'; readonly by: Owned }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'left'; readonly how: Left };

/** How a run ended that never began. */
export interface Left {
  readonly end: 'interrupted' | 'canceled';
  readonly exit: ExitCode;
  readonly message: string;
}

/** At least twice a second, as other processes are promised. */
const LOOK_MS = 250;

/** Takes the run when nobody is before it. Without a group, who is in the way in the checkout refuses it at once. */
export async function takeTurn(of: TurnOf): Promise<Result<Turn, NoTurn>> {
  const { state, record, workflow } = of;
  const concurrency = of.cancel === true ? undefined : workflow.concurrency;
  const group = concurrency === undefined ? ok('') : groupOf(of, concurrency);
  if (!group.ok) return err({ kind: 'refused', refusal: { message: group.error } });
  if (concurrency === undefined) return now(of, undefined);
  const claim = state.claims.claim(`run:${group.value}`, { run: record.id });
  const watch = watchLeaving(of);
  try {
    const turn = await inLine({ ...of, ...watch, claim, group: group.value, way: concurrency.onConflict });
    if (!turn.ok) claim.release();
    return turn;
  } catch (error) {
    claim.release();
    throw error;
  } finally {
    watch.close();
  }
}

function now({ state, record, by }: TurnOf, claim: Claim | undefined): Result<Turn, NoTurn> {
  const lease = state.acquire(record.id, { by, alone: true });
  if (!lease.ok) return err({ kind: 'owned', by: lease.error });
  return ok({ lease: lease.value, release: () => claim?.release() });
}

interface InLine extends TurnOf {
  readonly claim: Claim;
  readonly group: string;
  readonly way: Concurrency['onConflict'];
  left(): NodeJS.Signals | 'the caller' | undefined;
}

async function inLine(of: InLine): Promise<Result<Turn, NoTurn>> {
  const { state, record, claim, way } = of;
  let told = '';
  const say = (sentence: string): void => {
    if (sentence !== told) of.tell(sentence);
    told = sentence;
  };
  for (;;) {
    const why = of.left();
    if (why !== undefined) return err({ kind: 'left', how: interrupted(why) });
    if (state.pending(record.id).some(({ kind }) => kind === 'cancel'))
      return err({ kind: 'left', how: canceled(record.id) });
    const [first, ...others] = claim.before();
    if (first === undefined) {
      const turn = now(of, claim);
      if (turn.ok || turn.error.kind !== 'owned') return turn;
      const { run } = turn.error.by;
      if (way === 'fail' || run === record.id || isInside(of, run)) return turn;
      say(`waits for run ${run}, which works in the same checkout; Ctrl-C leaves`);
    } else {
      if (way === 'fail' || isInside(of, first.run))
        return err({ kind: 'refused', refusal: inTheWay(of, first) });
      if (way === 'cancel-previous') for (const one of [first, ...others]) askToEnd(of, one.run);
      const more = others.length === 0 ? '' : `, and for ${others.length} more`;
      say(`waits for run ${first.run}${more}, of the same group \`${of.group}\`; Ctrl-C leaves`);
    }
    await pause(LOOK_MS);
  }
}

/** Asked once, and again where an owner that had just come did not hear it. */
function askToEnd({ state, record }: InLine, run: RunId): void {
  if (state.pending(run).some(({ kind }) => kind === 'cancel')) return;
  const at = new Date().toISOString();
  state.ask(run, { kind: 'cancel', by: `run ${record.id} (\`on-conflict: cancel-previous\`)`, at });
}

function inTheWay({ group, env }: InLine, { run }: Claimant): Refusal {
  const refused = refuse(
    `run ${run} goes on, and runs of the group \`${group}\` do not overlap`,
    env[MARK_VARIABLE]
      ? 'a step of that run cannot wait for it: give this workflow another `group`'
      : `wait for it, or end it with \`codemachine cancel ${run}\``,
  );
  return refused.ok ? { message: '' } : refused.error;
}

/** A step that waits for its own run waits for ever. */
function isInside({ env }: TurnOf, run: RunId): boolean {
  return env[MARK_VARIABLE]?.includes(runPattern(run)) === true;
}

function interrupted(why: NodeJS.Signals | 'the caller'): Left {
  const exit = why === 'SIGTERM' || why === 'SIGHUP' ? EXIT.terminated : EXIT.interrupted;
  return { end: 'interrupted', exit, message: `${why}: waits no longer; nothing was started` };
}

function canceled(run: RunId): Left {
  return { end: 'canceled', exit: EXIT.canceled, message: `run ${run} was canceled before it began` };
}

function groupOf({ record, workflow, env }: TurnOf, { group }: Concurrency): Result<string, string> {
  const contexts: JsonObject = {
    inputs: record.inputs,
    run: { id: record.id, attempt: 1, 'started-at': record.createdAt },
    workflow: { name: workflow.name, path: record.path, sha256: workflow.sha256 },
    git: { ...(record.git ?? { sha: null, branch: null, dirty: null }) },
    github: githubContext(env),
  };
  const functions = {
    hashFiles: (...globs: readonly (JsonObject | string)[]) =>
      hashFiles(record.workspace, globs.map(String), matches, ''),
  };
  const filled = fillTemplate({ evaluate, toText }, group, { contexts, functions } as never);
  if (!filled.ok) return err(`concurrency.group: ${filled.error}`);
  const name = toText(filled.value);
  return name === '' ? err('concurrency.group came out empty') : ok(name);
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function watchLeaving({ signals, signal }: TurnOf): Pick<InLine, 'left'> & { close(): void } {
  let first: NodeJS.Signals | undefined;
  const hear = (one: NodeJS.Signals): void => {
    first ??= one;
  };
  if (signals) for (const one of SIGNALS) process.on(one, hear);
  return {
    left: () => first ?? (signal?.aborted === true ? 'the caller' : undefined),
    close: () => {
      for (const one of SIGNALS) process.off(one, hear);
    },
  };
}
