/** Decides at a gate of a run that nobody runs, as its owner would. */
import { existsSync } from 'node:fs';
import type { GateQuestion, MilestoneBody } from '../../model/event.ts';
import type { RunId, StepKey } from '../../model/ids.ts';
import type { BroughtDecision } from '../../model/ports.ts';
import { ok, type Result } from '../../model/result.ts';
import type { Shown, ShownArtifact } from '../../model/shown.ts';
import { digestOfQuestion } from '../../run/gate-question.ts';
import type { Lease } from '../../state/lease.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { digestOf } from '../digest.ts';
import { type GitOwner, gitMark, openPlaceWorkspace } from '../git.ts';
import { locate } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { checkRecord } from '../runs/record.ts';
import { treeNow } from '../trees/kept-files.ts';

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
  if (!showsFiles(asked)) return ok(undefined);
  const { at, ...question } = asked;
  let same = true;
  const shown: Shown[] = [];
  for (const one of question.shown ?? []) {
    const looked = await lookAgain(visit, step, one);
    if (!looked.ok) return looked;
    same &&= looked.value.same;
    shown.push(looked.value.shown);
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

/** One thing that is shown, as it is now, and whether that is what was shown. */
interface LookedAgain {
  readonly shown: Shown;
  readonly same: boolean;
}

async function lookAgain(visit: Visit, step: StepKey, one: Shown): Promise<Result<LookedAgain, Refusal>> {
  if (one.artifacts !== undefined) return await keptAgain(visit, one, one.artifacts);
  if (one.diff === undefined) return ok({ shown: one, same: true });
  const { from, to, files } = one.diff;
  const workspace = await workspaceOf(visit);
  if (!workspace.ok) return workspace;
  const since = await workspace.value.record(visit.record.id, `${step}.gate`, to);
  if (!since.ok) return refuse(since.error.message, since.error.help);
  const all = await workspace.value.changed(from, since.value.tree);
  if (!all.ok) return refuse(all.error.message, all.error.help);
  return ok({
    shown: { ...one, diff: { from, to: since.value.tree, files: all.value } },
    same: !files.some((file) => since.value.files.includes(file)),
  });
}

/** What was kept stays as it is: only the tree may hold something else by now. */
async function keptAgain(
  { state, record }: Visit,
  one: Shown,
  then: readonly ShownArtifact[],
): Promise<Result<LookedAgain, Refusal>> {
  if (then.length > 0 && !existsSync(record.workspace)) return goneTree(record, 'nothing');
  const place = { root: record.workspace, stateDir: state.directory };
  const artifacts: ShownArtifact[] = [];
  for (const file of then) artifacts.push({ ...file, tree: await treeNow(place, file) });
  return ok({
    shown: { ...one, artifacts },
    same: artifacts.every(({ tree }, i) => tree === then[i]?.tree),
  });
}

async function workspaceOf({ state, lease, record }: Visit): Promise<Result<GitWorkspace, Refusal>> {
  const place = { ...locate({ cwd: record.workspace }, process.env), stateDir: state.directory };
  const owner: GitOwner = { mark: gitMark(lease, process.env) };
  const opened = await openPlaceWorkspace(place, process.env, owner);
  if (!opened.ok) return opened;
  if (opened.value !== undefined && place.root === record.workspace) return ok(opened.value);
  return goneTree(record, 'no git repository');
}

function goneTree({ id, workspace }: RunRecord, there: string): Result<never, Refusal> {
  return refuse(
    `what run ${id} shows lies in ${workspace}, and there is ${there} there now`,
    'bring it back, or resume the run',
  );
}

/** Only a runner has all that is to be masked; this knows the secrets that are set here. */
export async function withoutSecrets({ state, record }: Visit, body: MilestoneBody): Promise<MilestoneBody> {
  const place = { ...locate({ cwd: record.workspace }, process.env), stateDir: state.directory };
  const names = checkRecord(place, record).workflow?.secrets ?? [];
  const values = names.flatMap(({ name }) => process.env[name] ?? []).filter((value) => value !== '');
  if (values.length === 0) return body;
  const { makeMasker } = await import('../../engines/mask.ts');
  return makeMasker(values).json(body);
}

/** Whether a run shows files at one of its gates, so that nobody else may write to them while it is decided. */
export function showsFiles({ shown = [] }: GateQuestion): boolean {
  return shown.some(({ diff, artifacts }) => diff !== undefined || artifacts !== undefined);
}

/** Refuses where somebody else works in the checkout. */
export function occupied(run: RunId, other: RunId, workspace: string): Result<never, Refusal> {
  return refuse(
    `run ${other} works in ${workspace}, and what run ${run} shows may change under its hands`,
    `wait for it: \`codemachine status ${other} --watch\``,
  );
}
