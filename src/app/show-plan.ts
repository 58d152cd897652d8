/** Prints the plan of a workflow for the command line. */
import { EXIT, type ExitCode } from '../model/exit.ts';
import type { CacheOutlook, Estimated, Plan } from '../model/plan.ts';
import { type JsonObject, ok, type Result } from '../model/result.ts';
import type { Workflow } from '../model/workflow.ts';
import { estimate } from '../plan/estimate.ts';
import { type GraphFormat, graph } from '../plan/graph.ts';
import { graphJson } from '../plan/graph-json.ts';
import { select } from '../plan/selection.ts';
import { oneLine } from '../report/clean.ts';
import { table } from '../report/table.ts';
import { count, duration, money, quoted } from '../report/words.ts';
import { isTrue } from '../run/scope.ts';
import { evaluate } from '../workflow/evaluate.ts';
import { readInputs } from '../workflow/inputs.ts';
import { nearest } from '../workflow/suggest.ts';
import { cacheOutlook, type Looking } from './attempts/cache-outlook.ts';
import { checkedFile } from './check.ts';
import { enginesMissing } from './engines/engines-missing.ts';
import { givenInputs } from './facts.ts';
import { findWorkflow } from './find-workflow.ts';
import { lookIntoState } from './open.ts';
import { locate, type Place } from './place.ts';
import { colorOn, harmless, printDiagnosed, printRefusal } from './print.ts';
import { answer } from './programs.ts';
import { type Refusal, refuse } from './refusal.ts';
import { tell } from './runs/present.ts';

/** How a plan is asked for. */
export interface PlanFlags {
  readonly graph: string;
  /** `k=v`, as `run` takes them. */
  readonly input?: readonly string[] | undefined;
  /** A JSON file of many. */
  readonly inputs?: string | undefined;
  readonly only?: readonly string[] | undefined;
  readonly skip?: readonly string[] | undefined;
}

/** Prints the plan on standard output, warnings on standard error. */
export async function printPlan(name: string, flags: PlanFlags): Promise<ExitCode> {
  const place = locate({}, process.env);
  const file = findWorkflow(place, name);
  if (!file.ok) return printRefusal(file.error);
  const checked = await checkedFile(place, file.value, process.env);
  if (!checked.ok) return printRefusal(checked.error);
  const { plan, workflow, diagnostics, sources } = checked.value;
  const selected = selectSteps(plan, flags, name);
  if (!selected.ok) return printRefusal(selected.error);
  const given = inputsOf(workflow, flags);
  if (!given.ok) return printRefusal(given.error);
  await printDiagnosed(diagnostics, sources);
  for (const one of enginesMissing(selected.value, checked.value.config, place, process.env)) tell(one);
  const color = colorOn(process.stdout, process.env);
  const emphasize = (text: string): string => (color ? `\u001b[31m${text}\u001b[0m` : text);
  const { estimated, cache } = await known(place, checked.value, selected.value, given.value);
  const conditions = conditionsOf(selected.value, given.value);
  const options = { emphasize, estimated, cache, conditions };
  if (flags.graph === 'json') {
    answer(graphJson(selected.value, workflow, options));
    return EXIT.succeeded;
  }
  const drawn = graph(selected.value, workflow, flags.graph as GraphFormat, options);
  const more = `${conditionsText(selected.value, conditions)}${outlookText(cache)}${estimateText(estimated)}${inputsText(workflow.inputs)}`;
  const inputs = flags.graph === 'text' ? more : '';
  process.stdout.write(harmless(`${drawn}${inputs}`, process.stdout, process.env));
  return EXIT.succeeded;
}

/** So many of the newest runs of a step are asked. */
const MOST_ASKED = 20;

/** What earlier runs tell of a plan. */
interface Known {
  readonly estimated: Estimated;
  readonly cache: Readonly<Record<string, CacheOutlook>>;
}

/** A state that is not there, or cannot be opened, knows of no earlier run. */
async function known(
  place: Place,
  { workflow, config }: Pick<Looking, 'workflow' | 'config'>,
  plan: Plan,
  inputs: JsonObject | undefined,
): Promise<Known> {
  const opened = await lookIntoState(place);
  if (opened?.ok !== true) return { estimated: estimate(plan, new Map()), cache: {} };
  const state = opened.value;
  try {
    const estimated = estimate(plan, state.cached.spent(workflow.name, MOST_ASKED));
    const looking = { place, state, workflow, config, plan, env: process.env };
    const cache = await cacheOutlook(inputs === undefined ? looking : { ...looking, inputs });
    return { estimated, cache };
  } finally {
    state.close();
  }
}

/** The inputs that the flags give, read as a run reads them; undefined where they give none. */
function inputsOf(
  workflow: Workflow,
  { input = [], inputs }: PlanFlags,
): Result<JsonObject | undefined, Refusal> {
  if (input.length === 0 && inputs === undefined) return ok(undefined);
  const given = givenInputs(process.cwd(), input, inputs);
  if (!given.ok) return given;
  const read = readInputs(workflow.inputs, given.value);
  return read.ok
    ? read
    : refuse(read.error.join('\n'), 'the plan without them shows what the workflow takes');
}

/** What each `if` comes to that the inputs alone decide: whatever else it asks for is not known yet. */
function conditionsOf(
  { steps, last }: Plan,
  inputs: JsonObject | undefined,
): Readonly<Record<string, boolean>> {
  if (inputs === undefined) return {};
  const scope = { contexts: { inputs }, functions: {} };
  const decided = [...steps, ...last].flatMap(({ step, leftOut }) => {
    const value = step.if === undefined || leftOut ? undefined : evaluate(step.if, scope);
    return value?.ok === true ? [[step.id, isTrue(value.value)] as const] : [];
  });
  return Object.fromEntries(decided);
}

function conditionsText({ steps, last }: Plan, conditions: Readonly<Record<string, boolean>>): string {
  const rows = [...steps, ...last].flatMap(({ step }) => {
    const holds = conditions[step.id];
    if (holds === undefined || step.if === undefined) return [];
    return [
      [
        `  ${step.id}`,
        `${holds ? 'holds' : 'does not hold, so it is skipped'}: ${oneLine(step.if.text, WIDEST)}`,
      ],
    ];
  });
  return rows.length === 0 ? '' : `\nconditions, with these inputs\n${table(rows).join('\n')}\n`;
}

const WIDEST = 100;

function outlookText(cache: Known['cache']): string {
  const rows = Object.entries(cache).map(([id, { run, open, because }]) => {
    const not = `${open === true ? 'not known yet' : 'is made'}: ${because.join('; ')}`;
    return [`  ${id}`, run === undefined ? not : `would be reused (cache, run ${run})`];
  });
  if (rows.length === 0) return '';
  return `\ncache, if the steps before come to what they came to last\n${table(rows).join('\n')}\n`;
}

/** Nothing where no step was ever made: a list of what nobody knows helps nobody. */
function estimateText({ steps, ms, usd, unknown, path }: Estimated): string {
  const made = Object.entries(steps).filter(([, { of }]) => of > 0);
  if (made.length === 0) return '\ntime and cost: unknown, there is no earlier run to tell\n';
  const rows = made.map(([id, one]) => {
    const time = one.ms === undefined ? 'time unknown' : duration(one.ms);
    const cost = one.usd === undefined ? 'cost unknown' : one.usd === 0 ? [] : money(one.usd);
    return [`  ${id}`, [time, cost, count(one.of, 'run')].flat().join(' · ')];
  });
  const not = (what: string, ids: readonly string[]): readonly string[] =>
    ids.length === 0
      ? []
      : [`${what} unknown of ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`];
  const least = unknown.time.length === 0 ? 'about' : 'at least';
  const whole = [
    `in all ${least} ${duration(ms)}${path.length > 1 ? ` (${path.slice(0, 12).join(' → ')})` : ''}`,
    `${unknown.cost.length === 0 ? '' : 'at least '}${money(usd)}`,
    ...not('time', unknown.time),
    ...not('cost', unknown.cost),
  ];
  return `\nfrom earlier runs, the median\n${[...table(rows), `  ${whole.join('; ')}`].join('\n')}\n`;
}

/** What the workflow takes; nothing where it takes nothing. */
function inputsText(inputs: Workflow['inputs']): string {
  const rows = Object.entries(inputs).map(
    ([name, { type, options, required, default: otherwise, description }]) => {
      const kind = options === undefined ? type : `one of ${options.join(', ')}`;
      const given = otherwise === undefined ? [] : [`default ${JSON.stringify(otherwise)}`];
      return [
        `  ${name}`,
        [
          kind,
          ...(required ? ['required'] : given),
          ...(description === undefined ? [] : [description]),
        ].join(' · '),
      ];
    },
  );
  return rows.length === 0 ? '' : `\ninputs\n${table(rows).join('\n')}\n`;
}

/** Leaves out what `--only` and `--skip` say. @param name what the workflow was called by, for `codemachine plan` */
export function selectSteps(
  plan: Plan,
  flags: { readonly only?: readonly string[] | undefined; readonly skip?: readonly string[] | undefined },
  name: string,
): Result<Plan, Refusal> {
  const { only, skip } = flags;
  if (only === undefined && skip === undefined) return ok(plan);
  const selected = select(plan, { ...(only && { only }), ...(skip && { skip }) });
  return selected.ok ? selected : refuse(selected.error, meantStep(plan, selected.error, flags, name));
}

/** The step that was most likely meant by the glob that is refused. */
function meantStep(
  plan: Plan,
  problem: string,
  {
    only = [],
    skip = [],
  }: { readonly only?: readonly string[] | undefined; readonly skip?: readonly string[] | undefined },
  name: string,
): string | undefined {
  const glob = [...only, ...skip].find(
    (one) => problem.startsWith(`--only ${one}: no step`) || problem.startsWith(`--skip ${one}: no step`),
  );
  const near =
    glob === undefined
      ? undefined
      : nearest(
          glob,
          plan.steps.map(({ step }) => step.id),
        );
  return near === undefined
    ? undefined
    : `did you mean \`${near}\`? \`codemachine plan ${quoted(name)}\` shows all`;
}
