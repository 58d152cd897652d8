/** Decides at a gate of a run that nobody runs, as its owner would. */
import type { GateQuestion, MilestoneBody, Shown } from '../model/event.ts';
import type { RunId, StepKey } from '../model/ids.ts';
import type { BroughtDecision } from '../model/ports.ts';
import { ok, type Result } from '../model/result.ts';
import { digestOfQuestion } from '../run/gate-question.ts';
import type { Lease } from '../state/lease.ts';
import type { RunRecord } from '../state/runs.ts';
import type { State } from '../state/state.ts';
import type { GitWorkspace } from '../workspace/workspace.ts';
import { digestOf } from './digest.ts';
import { type GitOwner, gitMark, openPlaceWorkspace } from './git.ts';
import { locate } from './place.ts';
import { checkRecord } from './record.ts';
import { type Refusal, refuse } from './refusal.ts';

/** A run that is owned for this moment. */
export interface Visit {
  readonly state: State;
  readonly lease: Lease;
  readonly record: RunRecord;
}

/** The question as the journal has it. */
type Asked = GateQuestion & { readonly at: string };

/**
 * Takes a decision about what is still as it was shown; asks anew where it is not. Gives whether it was taken. Values cannot have
 * changed while nobody ran the run: only files can.
 */
export async function decideVisiting(
  visit: Visit,
  asked: Asked,
  { digest: _, ...brought }: BroughtDecision,
): Promise<Result<boolean, Refusal>> {
  const changed = await asksAnew(visit, brought.step, asked);
  if (!changed.ok) return changed;
  const body: MilestoneBody = changed.value ?? { ...brought, type: 'gate-decided' };
  visit.lease.commit([await withoutSecrets(visit, body)], new Date().toISOString());
  await visit.lease.durable();
  return ok(changed.value === undefined);
}

/** The question about what there is now; undefined where it is the same. */
async function asksAnew(
  visit: Visit,
  step: StepKey,
  asked: Asked,
): Promise<Result<MilestoneBody | undefined, Refusal>> {
  const diffs = (asked.shown ?? []).flatMap(({ diff }) => (diff === undefined ? [] : [diff]));
  if (diffs.length === 0) return ok(undefined);
  const workspace = await workspaceOf(visit);
  if (!workspace.ok) return workspace;
  const { at, ...question } = asked;
  let same = true;
  const shown: Shown[] = [];
  for (const one of question.shown ?? []) {
    if (one.diff === undefined) {
      shown.push(one);
      continue;
    }
    const { from, to, files } = one.diff;
    const since = await workspace.value.record(visit.record.id, `${step}.gate`, to);
    if (!since.ok) return refuse(since.error.message, since.error.help);
    same &&= !files.some((file) => since.value.files.includes(file));
    const all = await workspace.value.changed(from, since.value.tree);
    if (!all.ok) return refuse(all.error.message, all.error.help);
    shown.push({ ...one, diff: { from, to: since.value.tree, files: all.value } });
  }
  if (same) return ok(undefined);
  const expires = question['expires-at'];
  const length = expires === undefined ? undefined : Date.parse(expires) - Date.parse(at);
  const anew = { ...question, shown };
  return ok({
    ...anew,
    ...(length === undefined ? {} : { 'expires-at': new Date(Date.now() + length).toISOString() }),
    digest: digestOfQuestion(anew, digestOf),
    type: 'gate-opened',
    step,
  });
}

async function workspaceOf({ state, lease, record }: Visit): Promise<Result<GitWorkspace, Refusal>> {
  const place = { ...locate({ cwd: record.workspace }, process.env), stateDir: state.directory };
  const owner: GitOwner = { mark: gitMark(lease, process.env) };
  const opened = await openPlaceWorkspace(place, process.env, owner);
  if (!opened.ok) return opened;
  if (opened.value !== undefined && place.root === record.workspace) return ok(opened.value);
  return refuse(
    `what run ${record.id} shows lies in ${record.workspace}, and there is no git repository there now`,
    'bring it back, or resume the run',
  );
}

/** Only a runner has all that is to be masked; this knows the secrets that are set here. */
export async function withoutSecrets({ state, record }: Visit, body: MilestoneBody): Promise<MilestoneBody> {
  const place = { ...locate({ cwd: record.workspace }, process.env), stateDir: state.directory };
  const names = checkRecord(place, record).workflow?.secrets ?? [];
  const values = names.flatMap(({ name }) => process.env[name] ?? []).filter((value) => value !== '');
  if (values.length === 0) return body;
  const { makeMasker } = await import('../engines/mask.ts');
  return makeMasker(values).json(body);
}

/** Whether a run shows files at one of its gates, so that nobody else may write to them while it is decided. */
export function showsFiles({ shown = [] }: GateQuestion): boolean {
  return shown.some(({ diff }) => diff !== undefined);
}

/** Refuses where somebody else works in the checkout. */
export function occupied(run: RunId, other: RunId, workspace: string): Result<never, Refusal> {
  return refuse(
    `run ${other} works in ${workspace}, and what run ${run} shows may change under its hands`,
    `wait for it: \`codemachine status ${other} --watch\``,
  );
}
