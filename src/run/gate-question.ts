/** Works out what a gate asks, and whether that is still what somebody saw. */
import type { GateField, GateQuestion } from '../model/event.ts';
import type { Expr } from '../model/expression.ts';
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import { asStepKey } from '../model/ids.ts';
import type { Json, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Scope } from '../model/scope.ts';
import type { Shown } from '../model/shown.ts';
import { ARTIFACT } from '../model/shown.ts';
import type { GateStep, InputSpec, Step } from '../model/workflow.ts';
import { lookInTurn, usesChanges, withChanges } from './changes.ts';
import { condition } from './fill.ts';
import { keptBefore } from './kept-before.ts';
import type { Phase } from './phase.ts';
import type { Rank } from './room.ts';
import type { Running } from './running.ts';
import { fill, fillEnv, isTrue, withContext } from './scope.ts';

/** A gate that may be asked. */
export interface GateOf extends Rank {
  readonly run: Running;
  readonly phase: Phase;
  readonly step: GateStep;
  readonly key: StepKey;
  readonly scope: () => Scope;
}

/** The message and the values, as they are stored: without secrets, and without what the run has changed. */
type Words = Pick<GateQuestion, 'message' | 'options' | 'shown' | 'fields'>;

/** Evaluates a condition of the gate; the error is a failure of the step. */
export function holds(of: GateOf, key: 'require' | 'approve-if', expr: Expr): Result<boolean, Failure> {
  const seen = seenBy(of);
  if (!seen.ok) return seen;
  const value = of.run.input.ports.evaluate(expr, seen.value);
  return value.ok ? ok(isTrue(value.value)) : err(condition(of.step, `${key}: ${value.error}`));
}

/** What is asked now. The tree is looked at while nobody writes to it; `undefined` when there is no time for that any more. */
export async function askedNow(of: GateOf): Promise<Result<GateQuestion | undefined, Failure>> {
  const { phase } = of;
  const words = wordsOf(of);
  if (!words.ok) return words;
  if (!showsFiles(words.value)) return ok(questionOf(of, words.value));
  const leave = await phase.room.enter({
    remaining: of.remaining,
    index: of.index,
    tree: 'share',
    placeless: true,
  });
  if (leave === undefined) return ok(undefined);
  try {
    const shown: Shown[] = [];
    for (const one of words.value.shown ?? []) {
      const files = await filesOf(of, one);
      if (!files.ok) return files;
      shown.push({ ...one, ...files.value });
    }
    return ok(questionOf(of, withoutSecrets(of.run, { ...words.value, shown })));
  } finally {
    leave();
  }
}

/** The gate with what the run has changed until now, where it asks for that; undefined where nothing goes on. */
export async function withChangesNow(of: GateOf): Promise<Result<GateOf, Failure> | undefined> {
  if (!usesChanges(of.step)) return ok(of);
  const files = await lookInTurn(of.run, of.phase, of);
  if (files === undefined || !files.ok) return files;
  return ok({ ...of, scope: () => withChanges(of.run, of.scope(), files.value) });
}

/**
 * Whether the gate would show now what it showed then. The tree is looked at as it is, even while somebody writes to it: only the
 * files that were shown matter, and one that is being written is not what was shown.
 */
export async function isStillShown(of: GateOf, question: GateQuestion): Promise<Result<boolean, Failure>> {
  const { digest, workspace } = of.run.input.ports;
  const words = wordsOf(of);
  if (!words.ok) return words;
  const bare = question.shown?.map(({ diff: _, artifacts: __, ...one }) => one);
  const then = { ...question, ...(bare === undefined ? {} : { shown: bare }) };
  if (digestOfQuestion(words.value, digest) !== digestOfQuestion(then, digest)) return ok(false);
  for (const { show, artifacts } of question.shown ?? []) {
    if (artifacts === undefined) continue;
    const now = await filesOf(of, { show });
    if (!now.ok) return now;
    const clean = withoutSecrets(of.run, { ...words.value, shown: [{ show, ...now.value }] });
    if (digest(plain(clean.shown?.[0]?.artifacts ?? [])) !== digest(plain(artifacts))) return ok(false);
  }
  return workspace === undefined ? ok(true) : untouched(of.run.input.run, workspace, of.key, question);
}

/** Whether the files that a gate showed are what they were. */
async function untouched(
  run: Running['input']['run'],
  workspace: NonNullable<Running['input']['ports']['workspace']>,
  key: StepKey,
  { shown = [] }: GateQuestion,
): Promise<Result<boolean, Failure>> {
  for (const { diff } of shown) {
    if (diff === undefined || diff.files.length === 0) continue;
    const now = await workspace.record(run, `${key}.gate`, diff.to);
    if (!now.ok) return now;
    const differing = new Set(now.value.files);
    if (diff.files.some((file) => differing.has(file))) return ok(false);
  }
  return ok(true);
}

/** Whether a step shows what the run has changed. */
export function showsDiff(step: Step): boolean {
  return step.kind === 'gate' && step.show.includes('diff');
}

/** Whether there is something to look at in the tree. */
function showsFiles({ shown = [] }: Words): boolean {
  return shown.some(({ show }) => show === 'diff' || show.startsWith(ARTIFACT));
}

/** What the tree adds to one thing that is shown; nothing to an expression. */
async function filesOf(
  { run, key }: GateOf,
  { show }: Shown,
): Promise<Result<Pick<Shown, 'diff' | 'artifacts'>, Failure>> {
  if (show === 'diff') {
    const diff = await changedSoFar(run, key);
    return diff.ok ? ok({ diff: diff.value }) : diff;
  }
  if (!show.startsWith(ARTIFACT)) return ok({});
  const look = run.input.ports.lookAtKept;
  if (look === undefined) throw new Error('nobody can look at kept files');
  const found = await look(show.slice(ARTIFACT.length), keptBefore(run, key));
  return found.ok ? ok({ artifacts: found.value }) : found;
}

async function changedSoFar(
  { input }: Running,
  key: StepKey,
): Promise<Result<NonNullable<Shown['diff']>, Failure>> {
  const { workspace, treeAtStart } = input.ports;
  const from = await treeAtStart?.();
  if (from?.ok === false) return from;
  if (workspace === undefined || from?.value === undefined)
    return err({
      reason: 'config',
      message: `\`${key}\` shows a diff, and the start of the run was not recorded`,
    });
  const now = await workspace.record(input.run, `${key}.gate`, from.value);
  if (!now.ok) return now;
  return ok({ from: from.value, to: now.value.tree, files: now.value.files });
}

function seenBy({ run, step, scope }: GateOf): Result<Scope, Failure> {
  const whole = scope();
  const env = fillEnv(run, step, whole);
  return env.ok ? ok(withContext(whole, 'env', env.value.visible)) : err(condition(step, env.error));
}

function wordsOf(of: GateOf): Result<Words, Failure> {
  const { run, step } = of;
  const seen = seenBy(of);
  if (!seen.ok) return seen;
  const message = step.message === undefined ? ok('') : fill(run, step.message, seen.value);
  if (!message.ok) return err(condition(step, `message: ${message.error}`));
  const shown: Shown[] = [];
  for (const one of step.show) {
    if (one === 'diff') {
      shown.push({ show: 'diff' });
      continue;
    }
    if ('artifacts' in one) {
      const glob = fill(run, one.artifacts, seen.value);
      if (!glob.ok) return err(condition(step, `show: ${glob.error}`));
      shown.push({ show: run.input.ports.toText(glob.value) });
      continue;
    }
    const value = run.input.ports.evaluate(one, seen.value);
    if (!value.ok) return err(condition(step, `show: ${value.error}`));
    shown.push({ show: one.text, value: value.value });
  }
  const fields = Object.entries(step.fields).map(([name, spec]) => [name, fieldOf(spec)] as const);
  const words = {
    message: run.input.ports.toText(message.value),
    options: step.options,
    ...(shown.length === 0 ? {} : { shown }),
    ...(fields.length === 0 ? {} : { fields: Object.fromEntries(fields) }),
  };
  return ok(withoutSecrets(run, words));
}

function withoutSecrets(run: Running, words: Words): Words {
  const { mask } = run.input.ports;
  if (mask === undefined) return words;
  const masked = mask({ ...words, type: 'gate-opened', step: asStepKey('gate'), digest: '' });
  if (masked.type !== 'gate-opened') throw new Error('a masked milestone is of another type');
  const { type: _, step: __, digest: ___, ...clean } = masked;
  return clean;
}

function fieldOf({ type, description, required, default: fallback, options }: InputSpec): GateField {
  return {
    type,
    ...(description === undefined ? {} : { description }),
    ...(required ? { required } : {}),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(options === undefined ? {} : { options }),
  };
}

function questionOf({ run, step }: GateOf, words: Words): GateQuestion {
  const { clock, digest } = run.input.ports;
  const { gateTimeoutMs, onTimeout, remindMs } = step;
  const limit =
    gateTimeoutMs === undefined
      ? {}
      : { 'expires-at': new Date(clock.now() + gateTimeoutMs).toISOString(), 'on-timeout': onTimeout };
  return {
    ...words,
    digest: digestOfQuestion(words, digest),
    ...limit,
    ...(remindMs === undefined ? {} : { 'remind-ms': remindMs }),
  };
}

/** Identifies what is asked: the message, what is shown, and what can be answered. */
export function digestOfQuestion(
  { message, options, shown, fields }: Words,
  digest: (value: Json) => string,
): string {
  const words = {
    message,
    options,
    ...(shown === undefined ? {} : { shown }),
    ...(fields === undefined ? {} : { fields }),
  };
  return digest(plain(words));
}

function plain(words: object): Json {
  return words as unknown as Json;
}
