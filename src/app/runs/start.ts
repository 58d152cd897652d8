/** Starts a run. */
import path from 'node:path';
import { MARK_VARIABLE } from '../../engines/mark.ts';
import type { Milestone } from '../../model/event.ts';
import type { Plan } from '../../model/plan.ts';
import type { Reporter } from '../../model/ports.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Workflow } from '../../model/workflow.ts';
import { quoted } from '../../report/words.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import { readInputs } from '../../workflow/inputs.ts';
import { checkRecordings } from '../attempts/recordings.ts';
import { type Checked, checkedFile } from '../check.ts';
import { maskedValues, readVariables, type Variables } from '../facts.ts';
import { findWorkflow } from '../find-workflow.ts';
import { findPlaces, type GitOwner, gitMark, openPlaceWorkspace } from '../git.ts';
import type { Behind } from '../github.ts';
import { openPlaceState } from '../open.ts';
import { locate, type Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { selectSteps } from '../show-plan.ts';
import { cutOffSentence } from '../trees/cut-off.ts';
import { ownFiles } from '../trees/own-files.ts';
import { type Executed, execute } from './execute.ts';
import type { Execution } from './execution.ts';
import { chosenSteps, fitForSteps, notBare } from './fit.ts';
import { createRun, type RunFlags } from './record.ts';
import { type NoTurn, takeTurn } from './turn.ts';

/** What opens a reporter, once it is known what is run. */
export type OpenReporter = (plan: Plan, history: readonly Milestone[], behind?: Behind) => Promise<Reporter>;

/** How a run is asked for. */
export interface StartOptions {
  /** A path, or a name in `.codemachine/workflows`. */
  readonly workflow: string;
  readonly inputs: Readonly<Record<string, Json>>;
  readonly flags: RunFlags;
  readonly cwd?: string;
  readonly stateDir?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly by: string;
  readonly reporter: OpenReporter;
  /** Hears warnings about the file before anything starts. */
  readonly warn: (sentences: Refusal) => Promise<void>;
  readonly tell: (sentence: string) => void;
  /** Whether signals of this process stop the run. */
  readonly signals: boolean;
  readonly signal?: AbortSignal;
  /** Asks at the terminal what is decided at a gate; without it the run parks there. */
  readonly askGate?: Execution['askGate'];
  readonly park?: Execution['park'];
  readonly stage?: Execution['stage'];
}

/** Checks, records and runs a workflow; refused before anything started where something is wrong. */
export async function start(
  options: StartOptions,
): Promise<Result<Executed & { record: RunRecord }, Refusal>> {
  const { env } = options;
  const place = locate(options, env);
  const working = notBare(place);
  if (!working.ok) return working;
  const file = findWorkflow(place, options.workflow);
  if (!file.ok) return file;
  // While the file is read, which leaves no turn to anything else.
  const places = findPlaces(place, env);
  const checked = await checkedFile(place, file.value, env);
  if (!checked.ok) return checked;
  const { workflow } = checked.value;
  const plan = selectSteps(checked.value.plan, options.flags, options.workflow);
  if (!plan.ok) return plan;
  const inputs = readInputs(workflow.inputs, options.inputs);
  if (!inputs.ok)
    return refuse(
      inputs.error.join('\n'),
      `\`codemachine plan ${quoted(options.workflow)}\` shows what it takes`,
    );
  const variables = readVariables(place, workflow, env);
  if (!variables.ok) return variables;
  const recordings = checkRecordings(options.flags, workflow);
  if (!recordings.ok) return recordings;
  // Before the workspace, which lives in the same directory: the state sees to it that nobody else can look in.
  const opened = await openPlaceState(place);
  if (!opened.ok) return opened;
  try {
    const ready = { place, places, file: file.value, checked: checked.value, plan: plan.value };
    return await begin(options, opened.value, { ...ready, inputs: inputs.value, variables: variables.value });
  } finally {
    opened.value.close();
  }
}

/** What is known once nothing is wrong with what was asked for. */
interface Ready {
  readonly place: Place;
  readonly places: ReturnType<typeof findPlaces>;
  readonly file: string;
  readonly checked: Checked & { readonly workflow: Workflow };
  readonly plan: Plan;
  readonly inputs: JsonObject;
  readonly variables: Variables;
}

async function begin(
  options: StartOptions,
  state: State,
  { place, places, file, checked, plan, inputs, variables }: Ready,
): Promise<Result<Executed & { record: RunRecord }, Refusal>> {
  const { env } = options;
  const { workflow, config, diagnostics, sources } = checked;
  const gits: GitOwner = { places, leftOut: ownFiles(options.flags) };
  const workspace = await openPlaceWorkspace(place, env, gits);
  if (!workspace.ok) return workspace;
  const [fit, facts] = await Promise.all([
    fitForSteps(place, chosenSteps(plan, workflow), workspace.value, env),
    workspace.value?.facts(),
  ]);
  if (!fit.ok) return fit;
  if (facts?.ok === false) return err({ message: facts.error.message });
  if (diagnostics.length > 0) await options.warn({ message: '', diagnostics, sources });
  for (const warning of variables.warnings) options.tell(warning);
  const clean = await withoutSecrets(inputs, variables);
  const record = createRun(
    state,
    { place, file, workflow, config, inputs: clean, flags: options.flags, git: facts?.value },
    Date.now(),
  );
  const turn = await takeTurn({ ...options, state, record, workflow });
  if (!turn.ok) {
    // It never began: listed, it would be what `@last` and a resume mean.
    state.forgetRun(record.id);
    return notBegun(turn.error, place, record, env);
  }
  const { lease, release } = turn.value;
  gits.mark = gitMark(lease, env);
  const cutOff = cutOffSentence(state, record);
  if (cutOff !== undefined) options.tell(cutOff);
  const executed = await execute({
    ...{ place, state, lease, record, workflow, config, plan, history: [] },
    ...{ variables, workspace: workspace.value, env, by: options.by },
    ...{ tell: options.tell, signals: options.signals },
    reporter: await options.reporter(plan, [], {
      ...{ record, state, workflow, workspace: workspace.value, masked: maskedValues(variables) },
    }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.askGate === undefined ? {} : { askGate: options.askGate }),
    ...(options.park === undefined ? {} : { park: options.park }),
    ...(options.stage === undefined ? {} : { stage: options.stage }),
  }).finally(release);
  return ok({ ...executed, record });
}

/** Why it did not begin; where whoever waited has left, that is no refusal. */
function notBegun(
  why: NoTurn,
  place: Place,
  record: RunRecord,
  env: NodeJS.ProcessEnv,
): Result<Executed & { record: RunRecord }, Refusal> {
  if (why.kind === 'left') return ok({ ...why.how, began: false, record });
  if (why.kind === 'refused') return err(why.refusal);
  const { run, owner } = why.by;
  return refuse(
    `run ${run} (pid ${owner.pid}) works in ${place.root}, and two runs in one checkout would overwrite each other`,
    // A step that waits for its own run waits for ever.
    env[MARK_VARIABLE]
      ? 'a step of a run works in that checkout: start another run from a checkout of its own'
      : `wait for it, or end it with \`codemachine cancel ${run}\``,
  );
}

/** What is stored is what the run sees: an input that holds a secret is masked for both. */
export async function withoutSecrets<T>(value: T, variables: Variables): Promise<T> {
  const values = maskedValues(variables);
  if (values.length === 0) return value;
  const { makeMasker } = await import('../../engines/mask.ts');
  return makeMasker(values).json(value);
}

/** Makes flags absolute, so that they mean the same from another directory. */
export function absoluteFlags(flags: RunFlags, cwd: string): RunFlags {
  const { record, replay, ...rest } = flags;
  return {
    ...rest,
    ...(record === undefined ? {} : { record: path.resolve(cwd, record) }),
    ...(replay === undefined ? {} : { replay: path.resolve(cwd, replay) }),
  };
}
