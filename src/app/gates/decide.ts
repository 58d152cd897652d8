/** Brings a decision to a gate, from any process that is no step of a run. */
import { setTimeout as pause } from 'node:timers/promises';
import { MARK_VARIABLE } from '../../engines/mark.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { fileNames } from '../../model/file-name.ts';
import { foldAll } from '../../model/fold.ts';
import type { RunId, StepKey } from '../../model/ids.ts';
import type { BroughtDecision } from '../../model/ports.ts';
import type { GateProgress, StepProgress } from '../../model/progress.ts';
import { err, type Json, ok, type Result } from '../../model/result.ts';
import { changedFiles, gateWords, MOST_FILES, openGates } from '../../report/gates.ts';
import { moment, quoted } from '../../report/words.ts';
import type { State } from '../../state/state.ts';
import { nearest } from '../../workflow/suggest.ts';
import { digestOf } from '../digest.ts';
import { givenInputs } from '../facts.ts';
import { openRun } from '../open.ts';
import { locate, stateAt } from '../place.ts';
import { orTrouble, printRefusal } from '../print.ts';
import { answer } from '../programs.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { tell } from '../runs/present.ts';
import { resumeCommand } from '../runs/run-command.ts';
import { readAnswers, userName } from './answers.ts';
import { applyDue, isOwned } from './due.ts';
import { decideVisiting, occupied, showsFiles } from './visit.ts';

/** The flags of `approve`, `reject` and `answer`. */
export interface DecideFlags {
  readonly run: string;
  /** The only open one where it is not named. */
  readonly gate: string | undefined;
  /** Without one, what there is to choose is said. */
  readonly option: string | undefined;
  readonly field: readonly string[];
  readonly comment: string | undefined;
  readonly resume: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly stateDir?: string | undefined;
}

/** `codemachine approve`, `codemachine reject` and `codemachine answer` */
export function decideCommand(flags: DecideFlags): Promise<ExitCode> {
  return orTrouble(() => decideOnce(flags));
}

async function decideOnce(flags: DecideFlags): Promise<ExitCode> {
  if (process.env[MARK_VARIABLE])
    return printRefusal({ message: 'a step may not decide at gates: decisions are made outside of runs' });
  const answers = givenInputs(process.cwd(), flags.field, undefined, '--field');
  if (!answers.ok) return printRefusal(answers.error);
  const found = await openRun(locate(stateAt(flags.stateDir), process.env), flags.run);
  if (!found.ok) return printRefusal(found.error);
  const { state, run } = found.value;
  let owned: boolean;
  try {
    await applyDue(state, run, 'answer');
    const decided = await bring(state, run, { ...flags, answers: answers.value, by: userName() });
    if (!decided.ok) return printRefusal(decided.error);
    owned = isOwned(state, run);
    const next = owned || flags.resume ? '' : `; go on with \`codemachine resume ${run}\``;
    tell(`${decided.value.key}: ${gateWords(decided.value.gate)}${next}`);
    // Who goes on reads events from here on.
    if (flags.json && (owned || !flags.resume)) answer(decisionJson(run, decided.value));
  } finally {
    state.close();
  }
  if (!flags.resume || owned) return EXIT.succeeded;
  return resumeCommand({
    ...{ run, json: flags.json, verbose: flags.verbose, yes: false, keepTree: false, restore: false },
    ...{ resolved: [], updated: false, input: [], inputs: undefined, stateDir: flags.stateDir },
  });
}

function decisionJson(run: RunId, { key, gate }: StepProgress): object {
  return { run, step: key, ...gate?.decided };
}

/** What somebody decides. */
interface Wanted {
  readonly gate: string | undefined;
  readonly option: string | undefined;
  readonly comment: string | undefined;
  readonly answers: Readonly<Record<string, Json>>;
  readonly by: string;
}

/** As long as a decision is tried; an owner takes one within a second. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 40;

/**
 * Asks the owner to take it, or takes it here where there is none, until the journal says what came of it: two processes at the same
 * moment come to one decision, and both know which.
 */
async function bring(state: State, run: RunId, wanted: Wanted): Promise<Result<StepProgress, Refusal>> {
  const first = gateNamed(state, run, wanted.gate);
  if (!first.ok) return first;
  const { key } = first.value;
  const { option } = wanted;
  if (option === undefined) return noOption(run, first.value);
  const seen = first.value.gate?.question;
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const now = gateNamed(state, run, key);
    if (!now.ok) return now;
    const { gate } = now.value;
    const brought = broughtTo(gate, key, { ...wanted, option });
    if (!brought.ok) return brought;
    if (gate?.decided !== undefined) return agree(now.value, gate.decided, brought.value);
    if (now.value.status !== 'asking') return notOpen(run, now.value);
    if (gate?.question !== undefined && gate.question.digest !== seen?.digest)
      return err(changedSince(run, key, seen === undefined ? [] : changedFiles(seen, gate.question)));
    if (Date.now() > until)
      return refuse(
        `run ${run} does not take decisions now`,
        `look at it with \`codemachine status ${run}\`, then try again`,
      );
    const tried = isOwned(state, run)
      ? await askOwner(state, run, brought.value)
      : await decideHere(state, run, brought.value);
    if (!tried.ok) return tried;
    await pause(LOOK_MS);
  }
}

function gateNamed(state: State, run: RunId, named: string | undefined): Result<StepProgress, Refusal> {
  const progress = foldAll(state.history(run));
  const open = openGates(progress);
  const [only, ...others] = open;
  if (named === undefined && only !== undefined && others.length === 0) return ok(only);
  const keys = open.map(({ key }) => key);
  const help =
    keys.length === 0
      ? `\`codemachine status ${run}\` shows how it stands`
      : `there ${keys.length === 1 ? 'is' : 'are'} ${keys.join(', ')}`;
  const done = [...progress.steps.values()].filter(({ gate }) => gate?.decided !== undefined);
  if (named === undefined && keys.length === 0 && done.length > 0)
    return refuse(
      `no gate of run ${run} is open: ${done.map(({ key, gate }) => decidedWords(key, gate ?? {})).join('; ')}`,
      progress.status === 'parked' ? `go on with \`codemachine resume ${run}\`; ${STANDS}` : STANDS,
    );
  if (named === undefined)
    return refuse(keys.length === 0 ? `no gate of run ${run} is open` : 'which gate?', help);
  const step = [...progress.steps.values()].find(({ key }) => key === named);
  if (step !== undefined && (step.kind === 'gate' || step.gate !== undefined)) return ok(step);
  const meant = nearest(named, keys);
  return refuse(
    step === undefined ? `no gate ${named} of run ${run} has been reached` : `${named} is no gate`,
    meant === undefined ? help : `did you mean \`${meant}\`? \`codemachine status ${run}\` shows all`,
  );
}

function broughtTo(
  gate: GateProgress | undefined,
  step: StepKey,
  { option, comment, answers: given, by }: Wanted & { readonly option: string },
): Result<BroughtDecision, Refusal> {
  const question = gate?.question;
  const bare = {
    step,
    decision: option,
    by,
    digest: question?.digest ?? '',
    ...(comment === undefined ? {} : { comment }),
  };
  if (question === undefined) return ok(bare);
  const { options } = question;
  if (!options.includes(option)) {
    const meant = nearest(option, options);
    return refuse(
      `${step} has no option ${option}`,
      `write \`--option ${quoted(meant ?? options[0] ?? '')}\`: its options are ${options.join(', ')}`,
    );
  }
  const answers = readAnswers(question, option, given);
  if (!answers.ok) return refuse(answers.error.join('\n'));
  return ok({ ...bare, ...(answers.value === undefined ? {} : { answers: answers.value }) });
}

/** Says what may be chosen; of a gate that is decided, or that asks nobody, it says that. */
function noOption(run: RunId, step: StepProgress): Result<never, Refusal> {
  const { key, gate, status } = step;
  if (gate?.decided !== undefined) return refuse(decidedWords(key, gate), STANDS);
  if (gate?.question === undefined || status !== 'asking') return notOpen(run, step);
  const [one = ''] = gate.question.options;
  return refuse(
    `--option is missing: at ${key} there are ${gate.question.options.join(', ')}`,
    `write \`codemachine answer ${run} ${quoted(key)} --option ${quoted(one)}\``,
  );
}

/** What was decided, by whom, when. */
function decidedWords(key: StepKey, gate: GateProgress): string {
  const at = gate.decided === undefined ? '' : `, at ${moment(gate.decided.at, new Date().toISOString())}`;
  return `${key} is decided already: ${gateWords(gate)}${at}`;
}

const STANDS = 'the first decision stands; `codemachine retry` starts a run in which it is asked again';

/** The first decision stands; one that says the same is the same. */
function agree(
  step: StepProgress,
  { decision, answers = {} }: NonNullable<GateProgress['decided']>,
  brought: BroughtDecision,
): Result<StepProgress, Refusal> {
  const same = decision === brought.decision && digestOf(answers) === digestOf(brought.answers ?? {});
  if (same) return ok(step);
  return refuse(decidedWords(step.key, step.gate ?? {}), STANDS);
}

function notOpen(run: RunId, { key, status }: StepProgress): Result<never, Refusal> {
  return refuse(
    `${key} of run ${run} asks nobody: it is ${status}`,
    `\`codemachine status ${run}\` shows the run`,
  );
}

function changedSince(run: RunId, key: StepKey, files: readonly string[]): Refusal {
  const which = files.length === 0 ? '' : ` (${fileNames(files, MOST_FILES)})`;
  return {
    message: `what ${key} shows has changed since it was asked${which}, so nothing was decided`,
    help: `look at it again with \`codemachine status ${run}\`, then decide`,
  };
}

/** Resolves when the owner has dealt with it, or is gone. */
async function askOwner(
  state: State,
  run: RunId,
  decision: BroughtDecision,
): Promise<Result<undefined, Refusal>> {
  const at = new Date().toISOString();
  const id = state.ask(run, { kind: 'decide', by: decision.by, at, decision });
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until && isOwned(state, run) && state.pending(run).some((one) => one.id === id))
    await pause(LOOK_MS);
  // Nobody may take it later, when whoever brought it has been told that it was not taken.
  state.done(id);
  return ok(undefined);
}

/** Takes the run for this moment. Somebody who was faster is looked for again. */
async function decideHere(
  state: State,
  run: RunId,
  decision: BroughtDecision,
): Promise<Result<undefined, Refusal>> {
  const asked = foldAll(state.history(run)).steps.get(decision.step)?.gate?.question;
  const record = state.runRecord(run);
  if (asked === undefined || record === undefined) return ok(undefined);
  const lease = state.acquire(run, { by: 'answer', visit: true, alone: showsFiles(asked) });
  if (!lease.ok)
    return lease.error.run === run ? ok(undefined) : occupied(run, lease.error.run, record.workspace);
  try {
    // Whoever had it until now may have said something.
    const { status, gate } = foldAll(state.history(run)).steps.get(decision.step) ?? {};
    const open =
      status === 'asking' && gate?.decided === undefined && gate?.question?.digest === decision.digest;
    if (!open || gate?.question === undefined) return ok(undefined);
    const taken = await decideVisiting({ state, lease: lease.value, record }, gate.question, decision);
    return taken.ok ? ok(undefined) : taken;
  } finally {
    lease.value.release();
  }
}
