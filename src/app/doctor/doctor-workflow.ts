/** Looks whether a workflow can run here, before it does. */
import type { Config } from '../../model/config.ts';
import { agentsAmong, partsOf } from '../../model/parts.ts';
import type { Plan } from '../../model/plan.ts';
import type { JsonObject, Result } from '../../model/result.ts';
import { locator } from '../../model/source.ts';
import { allSteps, type InputSpec, type Workflow } from '../../model/workflow.ts';
import { estimate } from '../../plan/estimate.ts';
import { budgetAmount } from '../../report/budgets.ts';
import { count, duration, listed, money, quoted } from '../../report/words.ts';
import { readInputs } from '../../workflow/inputs.ts';
import { type Checked, checkFile } from '../check.ts';
import { givenInputs, readVariables } from '../facts.ts';
import { findWorkflow } from '../find-workflow.ts';
import { lookIntoState } from '../open.ts';
import type { Place } from '../place.ts';
import type { Refusal } from '../refusal.ts';
import { lookForNeededEngines } from './doctor-engines.ts';
import type { Finding } from './doctor-git.ts';
import { lookAtDisk, lookAtServers, lookAtShells, lookAtTree } from './doctor-machine.ts';

type Loaded = Result<Config, unknown>;

/** Where it is looked. */
export interface Here {
  readonly place: Place;
  readonly repository: Loaded;
  readonly user: Loaded;
  readonly env: NodeJS.ProcessEnv;
  /** How much of what was looked at before keeps every run from working. */
  readonly badBefore: number;
}

/** The inputs as `run` takes them. */
interface Given {
  readonly input: readonly string[];
  readonly inputs?: string | undefined;
}

const MOST_NAMED = 10;
const MOST_ASKED = 20;

/** What this workflow needs, and at last the command that runs it, or how much stands in its way. Nothing of it is started. */
export async function lookAtWorkflow(here: Here, name: string, given: Given): Promise<readonly Finding[]> {
  const file = findWorkflow(here.place, name);
  if (!file.ok) return [bad('workflow', file.error.message, file.error.help)];
  const checked = await checkFile(here.place, file.value, here.env);
  if (!checked.ok) return refused('workflow', checked.error);
  const complaints = complaintsOf(checked.value);
  const { workflow, plan } = checked.value;
  const found =
    workflow === undefined || plan === undefined
      ? complaints
      : [
          ...complaints,
          fine('workflow', `${checked.value.source.path}, ${count(plan.steps.length, 'step')}`),
          ...(await needsOf(here, { workflow, plan }, given)),
        ];
  return [...found, lastWords(found, here.badBefore, name, workflow, given)];
}

async function needsOf(
  here: Here,
  { workflow, plan }: { readonly workflow: Workflow; readonly plan: Plan },
  given: Given,
): Promise<readonly Finding[]> {
  const { place, repository, user, env } = here;
  const steps = allSteps(workflow);
  const agents = agentsAmong(steps);
  return [
    ...inputFindings(workflow.inputs, given),
    ...variableFindings(place, workflow, env),
    ...(await lookForNeededEngines(place, repository, user, agents)),
    ...lookAtServers(agents, place, env),
    ...lookAtShells(steps, env),
    ...(await lookAtTree(place, steps, env)),
    ...gateFindings(workflow),
    ...(await spendingFindings(place, workflow, plan, agents.length > 0)),
    lookAtDisk(place),
  ];
}

function complaintsOf({ diagnostics, sources }: Checked): readonly Finding[] {
  return diagnostics.map(({ path, at, severity, message, suggestion }) => {
    const { line, column } = locator(sources.get(path) ?? '')(at.start);
    const found = `${path}:${line}:${column}: ${message}`;
    return {
      ...{ what: 'workflow', state: severity === 'error' ? ('bad' as const) : ('missing' as const), found },
      help: suggestion,
    };
  });
}

/** What is not given yet is asked for by the command at the end; what is given has to fit. */
function inputFindings(specs: Workflow['inputs'], { input, inputs }: Given): readonly Finding[] {
  const what = 'inputs';
  if (Object.keys(specs).length === 0 && input.length === 0 && inputs === undefined) return [];
  const given = givenInputs(process.cwd(), input, inputs);
  if (!given.ok) return refused(what, given.error);
  const owed = owedOf(specs, given.value);
  const later = Object.fromEntries(Object.entries(specs).filter(([name]) => !owed.includes(name)));
  const read = readInputs(specs, given.value);
  const problems = read.ok ? [] : (readProblems(later, given.value) ?? []);
  if (problems.length > 0) return problems.map((problem) => bad(what, problem));
  if (owed.length === 0) return [fine(what, 'all there')];
  const about = owed.map((name) => `${name} (${specs[name]?.description ?? specs[name]?.type})`);
  return [{ what, state: 'missing', found: `to be given: ${about.join(', ')}` }];
}

function readProblems(specs: Workflow['inputs'], given: JsonObject): readonly string[] | undefined {
  const read = readInputs(specs, given);
  return read.ok ? undefined : read.error;
}

function owedOf(specs: Workflow['inputs'], given: JsonObject): readonly string[] {
  const isOwed = ([name, { required, default: fallback }]: [string, InputSpec]): boolean =>
    required && fallback === undefined && !Object.hasOwn(given, name);
  return Object.entries(specs)
    .filter(isOwed)
    .map(([name]) => name);
}

function variableFindings(place: Place, workflow: Workflow, env: NodeJS.ProcessEnv): readonly Finding[] {
  const parts = partsOf(workflow);
  const names = [...new Set(parts.flatMap(({ secrets }) => secrets.map(({ name }) => name)))];
  const files = [...new Set(parts.flatMap(({ envFiles }) => envFiles.map(({ path }) => path)))];
  if (names.length === 0 && files.length === 0) return [];
  const what = names.length === 0 ? 'env files' : files.length === 0 ? 'secrets' : 'secrets, env files';
  const read = readVariables(place, workflow, env);
  if (!read.ok)
    return read.error.message
      .split('\n')
      .map((line) => bad(what, line, line.startsWith('the secret') ? 'export it before you run' : undefined));
  const { warnings } = read.value;
  return [
    fine(what, `set: ${listed([...names, ...files].slice(0, MOST_NAMED), names.length + files.length)}`),
    ...warnings.map((warning): Finding => ({ what, state: 'missing', found: warning })),
  ];
}

/** At a terminal somebody is asked; elsewhere the run parks there, which is fine where somebody comes. */
function gateFindings(workflow: Workflow): readonly Finding[] {
  const asking = allSteps(workflow).filter((step) => step.kind === 'gate' && step.message !== undefined);
  if (asking.length === 0) return [];
  const names = asking.slice(0, MOST_NAMED).map(({ id }) => id);
  const found = `${listed(names, asking.length)}: asked at a terminal; elsewhere the run parks there, exit code 3`;
  return [fine('gates', found)];
}

async function spendingFindings(
  place: Place,
  workflow: Workflow,
  plan: Plan,
  agents: boolean,
): Promise<readonly Finding[]> {
  if (!agents) return [];
  const before = await earlier(place, workflow, plan);
  const limits = Object.entries(workflow.budget?.limits ?? {});
  const most = limits.map(([unit, much]) => budgetAmount(unit as 'usd', much as number));
  if (most.length > 0) return [fine('budget', `at most ${most.join(', ')}${before}`)];
  const help = 'write `budget: { usd: 5 }` in the workflow';
  return [{ what: 'budget', state: 'missing', found: `nothing limits what agents spend${before}`, help }];
}

async function earlier(place: Place, workflow: Workflow, plan: Plan): Promise<string> {
  const opened = await lookIntoState(place);
  if (opened?.ok !== true) return '; there is no earlier run to tell what it takes';
  try {
    const { steps, ms, usd, unknown } = estimate(plan, opened.value.cached.spent(workflow.name, MOST_ASKED));
    const runs = Math.max(0, ...Object.values(steps).map(({ of }) => of));
    if (runs === 0) return '; there is no earlier run to tell what it takes';
    const cost = unknown.cost.length > 0 ? 'at an unknown cost' : `for ${money(usd)}`;
    return `; earlier runs took about ${duration(ms)} ${cost}`;
  } finally {
    opened.value.close();
  }
}

function lastWords(
  found: readonly Finding[],
  before: number,
  name: string,
  workflow: Workflow | undefined,
  { input, inputs }: Given,
): Finding {
  const much = found.filter(({ state }) => state === 'bad').length + before;
  if (much > 0 || workflow === undefined)
    return bad('to run it', `${count(much, 'thing')} to put right first, marked ✖`);
  const given = givenInputs(process.cwd(), input, inputs);
  const owed = given.ok ? owedOf(workflow.inputs, given.value) : [];
  const words = [
    `codemachine run ${quoted(name)}`,
    ...input.map((pair) => `--input ${quoted(pair)}`),
    ...(inputs === undefined ? [] : [`--inputs ${quoted(inputs)}`]),
    ...owed.map((one) => `--input ${one}=…`),
  ];
  return fine('to run it', words.join(' '));
}

function fine(what: string, found: string): Finding {
  return { what, state: 'ok', found };
}

function bad(what: string, found: string, help?: string): Finding {
  return { what, state: 'bad', found, ...(help === undefined ? {} : { help }) };
}

function refused(what: string, { message, help, diagnostics = [] }: Refusal): readonly Finding[] {
  const first = diagnostics.find(({ severity }) => severity === 'error');
  return [
    bad(what, first === undefined ? message : `${message}: ${first.message}`, first?.suggestion ?? help),
  ];
}
