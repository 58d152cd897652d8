/** Brings everybody together for a run, new or resumed. */
import os from 'node:os';
import type { Masker } from '../../engines/mask.ts';
import { sweepRun } from '../../engines/process.ts';
import { sweepScratch } from '../../engines/scratch.ts';
import { startWatcher } from '../../engines/watcher.ts';
import type { Config } from '../../model/config.ts';
import type { Chatter } from '../../model/event.ts';
import { EVENT_VERSION } from '../../model/event.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import type { Failure } from '../../model/failure.ts';
import type { RunId } from '../../model/ids.ts';
import { type JsonObject, ok, type Result } from '../../model/result.ts';
import { allSteps } from '../../model/workflow.ts';
import { matches } from '../../plan/selection.ts';
import { type RunResult, startRun } from '../../run/run.ts';
import type { RunInput, RunOptions, RunPorts } from '../../run/running.ts';
import { type Journal, journal } from '../../state/journal.ts';
import type { Lease } from '../../state/lease.ts';
import { StateError } from '../../state/problem.ts';
import { stepDirectory } from '../../state/transcripts.ts';
import { evaluate, toText } from '../../workflow/evaluate.ts';
import { hashFiles } from '../../workspace/files.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { keeping } from '../attempts/artifacts.ts';
import type { AttemptHosts } from '../attempts/attempt-hosts.ts';
import { makeAttempt, readyAgents, startHosts } from '../attempts/attempts.ts';
import { openCache, type RunCache } from '../attempts/cache.ts';
import { heardOf } from '../attempts/heard.ts';
import { recordingOrders, replayedOrders } from '../attempts/shuffle.ts';
import { CLOCK } from '../clock.ts';
import { digestOf } from '../digest.ts';
import { githubContext, maskedValues } from '../facts.ts';
import { recordingGates, replayingGates } from '../gates/recording.ts';
import { lookingAtKept } from '../trees/kept-files.ts';
import { RUN_START } from '../trees/timeline.ts';
import { control } from './control.ts';
import type { AskGate, Execution } from './execution.ts';
import { heardBy, type Notifier, notifierOf } from './notified.ts';
import { flagsOf } from './record.ts';
import { stepClaim } from './step-claim.ts';

/** How a run ended for this process. */
export interface Executed extends RunResult {
  readonly exit: ExitCode;
  /** Nothing was recorded, and nothing is to be gone on with. */
  readonly began?: false;
}

/** Runs to the end, to an interruption or to a refusal; gives the run back in every case. */
export async function execute(e: Execution): Promise<Executed> {
  const { record, lease } = e;
  // What an owner that was killed has left running would write into the tree that is recorded next.
  if (e.history.length > 0) {
    await sweepRun(record.id);
    sweepScratch(os.tmpdir(), record.id);
  }
  const watcher = startWatcher(record.id, lease.epoch, os.tmpdir());
  const hosts = startHosts(e, runOptions(e).maxParallel);
  const notify = await notifierOf(e);
  try {
    return await drive(e, hosts, notify);
  } finally {
    await sweepRun(record.id);
    await hosts?.close();
    watcher.close();
    giveBack(lease);
    await e.reporter.close();
    for (const sentence of notify?.troubles() ?? []) e.tell(sentence);
  }
}

/** A disk that takes no more has been told of already, and the next owner finds this process dead. */
function giveBack(lease: Lease): void {
  try {
    lease.release();
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
  }
}

async function drive(
  e: Execution,
  hosts: AttemptHosts | undefined,
  notify: Notifier | undefined,
): Promise<Executed> {
  const { record, state, lease } = e;
  const secret = maskedValues(e.variables, e);
  const masker = secret.length === 0 ? undefined : (await import('../../engines/mask.ts')).makeMasker(secret);
  const funnel = journal(lease, (e.stage?.clock ?? CLOCK).now);
  funnel.listen((milestone) => e.reporter.hear(milestone));
  const keepDecisions = recordingGates(e);
  if (keepDecisions !== undefined) funnel.listen(keepDecisions);
  const keepOrders = recordingOrders(e);
  if (keepOrders !== undefined) funnel.listen(keepOrders);
  const cache = cacheOf(e);
  if (cache !== undefined) funnel.listen(cache.hear);
  if (notify !== undefined) funnel.listen(notify.hear);
  const handle = startRun(runInput(e, masker, funnel, hosts, cache));
  if (flagsOf(record).replay === undefined) readyAgents(e.plan);
  const controlling = control(
    heardBy(handle, notify),
    { state, lease, run: record.id, signals: e.signals },
    e.tell,
  );
  const stopped = (): void => handle.stop('interrupt', 'the caller');
  e.signal?.addEventListener('abort', stopped, { once: true });
  if (e.signal?.aborted) stopped();
  if (e.cancel === true) handle.stop('cancel', e.by);
  try {
    const result = await settled(await handle.done, funnel);
    await notify?.settled();
    return { ...result, exit: exitOf(result, controlling.signal()) };
  } finally {
    e.signal?.removeEventListener('abort', stopped);
    await funnel.flush().catch(() => undefined);
    controlling.close();
  }
}

/** The end of a run counts when the disk has it: what only this process knows of would be a success that nobody finds again. */
async function settled(result: RunResult, funnel: Journal): Promise<RunResult> {
  try {
    await funnel.flush();
    return result;
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return {
      end: 'lost',
      message: result.end === 'lost' ? (result.message ?? error.message) : error.message,
    };
  }
}

function runInput(
  e: Execution,
  masker: Masker | undefined,
  funnel: Journal,
  hosts: AttemptHosts | undefined,
  cache: RunCache | undefined,
): RunInput {
  const { record, place, state } = e;
  const made = makeAttempt(e, masker, () => funnel.flush(), hosts);
  const chatter = (said: Chatter): void => {
    const masked = masker === undefined ? said : masker.json(said);
    const at = new Date().toISOString();
    // A child may speak before the disk has that it was started; nobody should hear it in that order.
    funnel.behind(() => e.reporter.hear({ ...masked, v: EVENT_VERSION, at, run: record.id }));
  };
  const ports: RunPorts = {
    emit: funnel.emit,
    attempt: keeping({ state, root: place.root, stateDir: place.stateDir }, e.stage?.attempt(made) ?? made),
    workspace: e.workspace,
    ...(e.workspace === undefined ? {} : { isolation: e.workspace.isolation }),
    attemptDirectory: stepDirectory,
    heardOf: (of) => heardOf(state, record.id, of, e.config.engines),
    evaluate,
    toText,
    ...(cache === undefined ? {} : { cache }),
    match: matches,
    hashFiles: (globs) => hashFiles(place.root, globs, matches, place.stateDir),
    clock: CLOCK,
    claim: (name, step) => stepClaim(e, name, step),
    lookAtKept: lookingAtKept({ state, root: place.root, stateDir: place.stateDir }),
    digest: digestOf,
    ...(e.workspace === undefined ? {} : { treeAtStart: () => startOf(record.id, e.workspace) }),
    ...gateAnswers(e),
    ...replayedOrders(e),
    random: Math.random,
    chatter,
    ...(masker === undefined ? {} : { mask: masker.json }),
  };
  return {
    run: record.id,
    workflow: e.workflow,
    plan: e.plan,
    history: e.history,
    ...e.opening,
    ports: e.stage?.ports(ports) ?? ports,
    facts: {
      inputs: record.inputs,
      git: (record.git ?? { sha: null, branch: null, dirty: null }) as JsonObject,
      github: githubContext(e.env),
      secrets: e.variables.secrets,
      envFile: e.variables.envFile,
      partEnvFiles: e.variables.partEnvFiles,
      path: record.path,
    },
    options: runOptions(e),
  };
}

/**
 * Nothing is taken where agents are recorded, because a recording without their answers could not be replayed; under a replay
 * nothing is taken, nor kept: what is told there was never worked out.
 */
function cacheOf(e: Execution): RunCache | undefined {
  const { replay, record, noCache } = flagsOf(e.record);
  if (replay !== undefined || !allSteps(e.workflow).some((step) => step.cache !== undefined))
    return undefined;
  const off = noCache === true || isSet(e.env['CODEMACHINE_NO_CACHE']);
  return openCache({ ...e, takes: record === undefined && !off });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

/** Who answers at gates: the recording that answers for the agents too, or whoever sits at the terminal. */
function gateAnswers(e: Execution): Pick<RunPorts, 'askGate'> {
  const askGate = replayingGates(e) ?? (e.askGate === undefined ? undefined : oneQuestion(e, e.askGate));
  return askGate === undefined ? {} : { askGate };
}

/** Asks one thing after the other, where nothing is drawn meanwhile. */
function oneQuestion({ reporter, workspace }: Execution, ask: AskGate): NonNullable<RunPorts['askGate']> {
  let turn: Promise<unknown> = Promise.resolve();
  return (asked, gone) => {
    const answer = turn.then(async () => {
      if (gone.aborted) return undefined;
      const back = await reporter.aside?.();
      try {
        return await ask(asked, gone, workspace);
      } finally {
        back?.();
      }
    });
    turn = answer.catch(() => undefined);
    return answer;
  };
}

/** The recording that was made when the run began. */
async function startOf(
  run: RunId,
  workspace: GitWorkspace | undefined,
): Promise<Result<string | undefined, Failure>> {
  const kept = await workspace?.recordings(run);
  if (kept?.ok === false) return kept;
  return ok(kept?.value.find(({ label }) => label === RUN_START)?.tree);
}

function runOptions(e: Execution): RunOptions {
  const flags = flagsOf(e.record);
  return {
    maxParallel: flags.maxParallel ?? e.workflow.maxParallel ?? Math.max(2, os.availableParallelism()),
    failFast: flags.failFast ?? false,
    parkQuota: e.park ?? (e.stage === undefined && e.env['GITHUB_ACTIONS'] === 'true'),
    engineParallel: engineLimits(e.config),
    by: e.by,
    ...(e.config.prices === undefined ? {} : { prices: e.config.prices }),
    ...(e.raise === undefined ? {} : { raised: e.raise }),
    ...(e.keepTree === undefined ? {} : { keepTree: e.keepTree }),
    ...(e.decideUndo === undefined ? {} : { decideUndo: e.decideUndo }),
    ...(e.othersSince === undefined ? {} : { othersSince: e.othersSince }),
    ...(e.undone === undefined ? {} : { undone: e.undone }),
  };
}

function engineLimits(config: Config): Readonly<Record<string, number>> {
  const limits: Record<string, number> = {};
  for (const [name, { maxParallel }] of Object.entries(config.engines)) {
    if (maxParallel !== undefined) limits[name] = maxParallel;
  }
  return limits;
}

function exitOf(result: RunResult, signal: NodeJS.Signals | undefined): ExitCode {
  switch (result.end) {
    case 'succeeded':
      return EXIT.succeeded;
    case 'failed':
      return EXIT.failed;
    case 'canceled':
      return EXIT.canceled;
    case 'parked':
      return EXIT.parked;
    case 'interrupted':
      // Nobody interrupted it: the tree could not be put back, and `message` says why nothing was started.
      if (result.message !== undefined && signal === undefined) return EXIT.refused;
      return signal === 'SIGTERM' || signal === 'SIGHUP' ? EXIT.terminated : EXIT.interrupted;
    case 'lost':
    case 'refused':
      return EXIT.refused;
  }
}
