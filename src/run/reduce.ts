/** Makes one result of a matrix's instances. */
import { literal } from '../model/expression.ts';
import type { Failure } from '../model/failure.ts';
import { asStepId, judgeKey, type StepKey } from '../model/ids.ts';
import type { Json, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { PromptStep, ReduceStep } from '../model/workflow.ts';
import type { AfterAttempt } from './attempt.ts';
import { type Candidate, candidatesOf, exhibitsOf } from './candidates.ts';
import { checkAll, type ReduceOf } from './checking.ts';
import { condition } from './fill.ts';
import { pauseUntil, perform } from './perform.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import { fill, fillEnv, withContext } from './scope.ts';
import { answerSchema, type Hearing, hearingPrompt, letter, outputOf, winnerIn } from './verdict.ts';

/** What the candidates came to, or nothing where nothing goes on. */
type Reduced = { readonly output: Json } | { readonly failure: Failure } | 'halted';

/**
 * Takes no place: what is done for it takes its own, under keys of its own. Left where it is when nothing goes on; whoever resumes
 * the run finds what was checked and judged. The winner of `best-of` waits to be merged, like a step whose change is ready: from
 * then on, nobody is asked again.
 */
export async function runReduce(run: Running, phase: Phase, of: ReduceOf): Promise<AfterAttempt> {
  const { key, step } = of;
  const since = run.input.ports.clock.now();
  const { status, attempt: before, retryAt } = run.ledger.step(key);
  if (retryAt !== undefined) await pauseUntil(run, phase, Date.parse(retryAt));
  if (phase.halted() !== undefined || phase.isResting()) return left(run, phase, key);
  const goesOn = status === 'running';
  const attempt = goesOn ? before : before + 1;
  const workspace = step.isolated === undefined ? 'shared' : 'isolated';
  if (!goesOn) await run.ledger.say({ type: 'step-started', step: key, attempt, kind: 'reduce', workspace });
  const reduced = await reduce(run, phase, of);
  if (reduced === 'halted') return left(run, phase, key);
  const values = { 'duration-ms': Math.max(0, run.input.ports.clock.now() - since) };
  const said = { ...values, step: key, attempt };
  const change =
    'output' in reduced && step.mode === 'best-of' ? await changeOf(run, of, reduced.output) : ok(undefined);
  if ('failure' in reduced || !change.ok) {
    const failure = 'failure' in reduced ? reduced.failure : change.ok ? undefined : change.error;
    if (failure !== undefined) void run.ledger.say({ ...said, type: 'step-failed', final: true, failure });
    return 'ended';
  }
  const { output } = reduced;
  if (change.value === undefined) {
    void run.ledger.say({ ...said, type: 'step-succeeded', output });
    return 'ended';
  }
  // All in one commit: the recordings are the winner's, and the verdict is known with them or not at all.
  const { from, to, files } = change.value;
  void run.ledger.say({ type: 'snapshot-taken', step: key, attempt, tree: from, files: [] });
  void run.ledger.say({ type: 'snapshot-taken', step: key, attempt, tree: to, files });
  await run.ledger.say({ ...said, type: 'change-ready', output, tree: to, files });
  return 'merging';
}

function left(run: Running, phase: Phase, key: StepKey): AfterAttempt {
  if (phase.halted() === 'cancel')
    void run.ledger.say({ type: 'step-canceled', step: key, because: 'the run was canceled' });
  return 'halted';
}

async function reduce(run: Running, phase: Phase, of: ReduceOf): Promise<Reduced> {
  const { step, from } = of;
  const candidates = candidatesOf(run, from);
  if (candidates.length === 0) return { failure: nobody(run, from) };
  if (step.mode !== 'best-of') return judged(run, phase, of, candidates);
  const unknown = candidates.find(({ change }) => change === undefined);
  if (unknown !== undefined) return { failure: notRecorded(run, unknown.key, step) };
  const checked = await checkAll(run, phase, of, candidates);
  if (checked.kind === 'halted') return 'halted';
  if (checked.kind === 'broken') return { failure: checked.failure };
  const [only, ...others] = checked.passed;
  if (only === undefined) return { failure: noneLeft(checked.because) };
  if (others.length > 0) return judged(run, phase, of, checked.passed);
  const why = candidates.length === 1 ? 'the only candidate' : 'the only candidate that passed the checks';
  return { output: { winner: only.key, scores: {}, reasons: { [only.key]: why } } };
}

function nobody({ ledger }: Running, from: StepKey): Failure {
  const all = ledger.step(from).instances?.length ?? 0;
  const why = all === 0 ? 'has no instance' : `has ${all}, and none of them succeeded`;
  return { reason: 'checks', message: `there is no candidate: \`${from}\` ${why}` };
}

function noneLeft(because: readonly string[]): Failure {
  const [first = ''] = because;
  const which =
    because.length === 1 ? 'the only candidate failed' : `all ${because.length} candidates failed`;
  return { reason: 'checks', message: [`${which}: ${first}`, ...because.slice(1)].join('\n') };
}

function notRecorded({ ledger }: Running, key: StepKey, { from }: ReduceStep): Failure {
  const old = ledger.step(key).reused === 'retry';
  return {
    reason: 'config',
    message: `the change of \`${key}\` is not recorded ${old ? 'with this run, which took its result over' : 'with this run'}`,
    help: `\`codemachine retry --from ${from}\` makes the candidates again`,
  };
}

/** Asks the judge; a verdict about exactly this that is there already stands. */
async function judged(
  run: Running,
  phase: Phase,
  of: ReduceOf,
  candidates: readonly Candidate[],
): Promise<Reduced> {
  const key = judgeKey(of.key);
  const heard = await hearingOf(run, of, candidates);
  if (!heard.ok) return { failure: heard.error };
  const hearing = heard.value;
  if (!isAbout(run, of.key, hearing)) {
    const judge = judgeStep(of.step, hearing);
    if (run.budgets.holds(judge, key)) return 'halted';
    await say(run, of, hearing);
    const aside = of.aside === undefined ? {} : { aside: of.aside };
    const asked = { admit: () => true, over: () => undefined, scope: of.scope, ...aside };
    const { remaining, index } = of;
    await perform(run, phase, { remaining, index, ...asked, step: judge, key });
  }
  const { status, values, failure } = run.ledger.step(key);
  if (status === 'succeeded') {
    const output = outputOf(values.output ?? {}, hearing);
    return output.ok ? { output: output.value } : { failure: { reason: 'output', message: output.error } };
  }
  if (status === 'failed' && failure !== undefined)
    return { failure: { ...failure, message: `the judge: ${failure.message}` } };
  if (phase.halted() === 'cancel' && status === 'waiting')
    void run.ledger.say({ type: 'step-canceled', step: key, because: 'the run was canceled' });
  return 'halted';
}

function isAbout({ ledger }: Running, reduce: StepKey, { digest }: Hearing): boolean {
  const { shown } = ledger.step(reduce);
  const { status, startedAt = '' } = ledger.step(judgeKey(reduce));
  return status === 'succeeded' && shown?.digest === digest && startedAt >= shown.at;
}

async function say(run: Running, { key, step }: ReduceOf, { candidates, digest }: Hearing): Promise<void> {
  if (run.ledger.step(key).shown?.digest === digest) return;
  const keys = candidates.map((candidate) => candidate.key);
  const blind = step.mode === 'best-of';
  await run.ledger.say({ type: 'candidates-shown', step: key, candidates: keys, blind, digest });
}

/** What the judge is asked. The same candidates give the same, whoever asks again. */
async function hearingOf(
  run: Running,
  { step, key, scope }: ReduceOf,
  candidates: readonly Candidate[],
): Promise<Result<Hearing, Failure>> {
  const blind = step.mode === 'best-of';
  const rubric = rubricOf(run, step, scope());
  if (!rubric.ok) return err(condition(step, rubric.error));
  const { digest, shuffleSeed } = run.input.ports;
  const seed = shuffleSeed === undefined ? run.input.run : shuffleSeed(key);
  const order = (one: Candidate): string => digest([seed ?? null, key, one.key]);
  const ordered =
    blind && seed !== undefined ? [...candidates].sort((a, b) => (order(a) < order(b) ? -1 : 1)) : candidates;
  const exhibits = await exhibitsOf(run, ordered, blind);
  if (!exhibits.ok) return exhibits;
  const named = exhibits.value.map((one, i) => ({ ...one, name: blind ? letter(i) : one.key }));
  const { mode, checks } = step;
  const shown = { mode, rubric: rubric.value, candidates: named, checks };
  return ok({ ...shown, digest: digest(shown as unknown as Json) });
}

function rubricOf(
  run: Running,
  step: ReduceStep,
  scope: ReturnType<ReduceOf['scope']>,
): Result<string, string> {
  if (step.rubric === undefined) return ok('');
  const env = fillEnv(run, step, scope);
  if (!env.ok) return env;
  const filled = fill(run, step.rubric, withContext(scope, 'env', env.value.visible));
  if (!filled.ok) return err(`rubric: ${filled.error}`);
  return ok(run.input.ports.toText(filled.value));
}

/** The one who chooses among changes stands in a tree of its own, away from what the candidates left in the state directory. */
function judgeStep({ judge, mode, id }: ReduceStep, hearing: Hearing): PromptStep {
  const { if: _, ...rest } = judge;
  return {
    ...rest,
    id: asStepId(`${id}:judge`),
    prompt: literal(hearingPrompt(hearing), judge.at),
    output: answerSchema(hearing),
    ...(mode === 'best-of' ? { isolated: { copy: [], link: [], merge: 'never' } } : {}),
  };
}

/** What the winner made of its tree. */
async function changeOf(
  run: Running,
  { from }: ReduceOf,
  output: Json,
): Promise<
  Result<{ readonly from: string; readonly to: string; readonly files: readonly string[] }, Failure>
> {
  const winner = winnerIn(output);
  const change = candidatesOf(run, from).find(({ key }) => key === winner)?.change;
  const { workspace } = run.input.ports;
  if (change === undefined || workspace === undefined)
    throw new Error(`the change of ${winner} is not recorded, and it won`);
  const files = await workspace.changed(change.from, change.to);
  return files.ok ? ok({ ...change, files: files.value }) : files;
}
