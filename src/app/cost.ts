/** Says what agents cost, over the runs that are kept. */
import { billOf, billsBy, type Charge } from '../model/bill.ts';
import { EXIT, type ExitCode } from '../model/exit.ts';
import { ok, type Result } from '../model/result.ts';
import { type CostBy, costJson, costText } from '../report/cost.ts';
import type { RunSummary } from '../state/runs.ts';
import type { State } from '../state/state.ts';
import { durationMs } from '../workflow/scalars.ts';
import { lookIntoState, openRun } from './open.ts';
import { locate, type Place, stateAt } from './place.ts';
import { colorOn, harmless, orTrouble, printRefusal } from './print.ts';
import { answer } from './programs.ts';
import { type Refusal, refuse } from './refusal.ts';

/** What `codemachine cost` is asked for. */
export interface CostFlags {
  readonly run: string | undefined;
  readonly by: CostBy | undefined;
  readonly since: string | undefined;
  readonly last: number | undefined;
  readonly json: boolean;
  readonly stateDir?: string | undefined;
}

/** `codemachine cost` */
export function costCommand(flags: CostFlags): Promise<ExitCode> {
  return orTrouble(() => showCost(flags));
}

async function showCost(flags: CostFlags): Promise<ExitCode> {
  const place = locate(stateAt(flags.stateDir), process.env);
  const since = sinceOf(flags.since, Date.now());
  if (!since.ok) return printRefusal(since.error);
  const chosen = await chooseRuns(place, flags);
  if (!chosen.ok) return printRefusal(chosen.error);
  const { state, runs } = chosen.value;
  try {
    const from = since.value;
    const charges = (state?.charges(runs) ?? []).filter(({ at }) => from === undefined || at >= from);
    const by = flags.by ?? (flags.run === undefined ? 'workflow' : 'step');
    const costs = {
      ...{ by, bills: billsBy(charges, nameBy(by, flags.run !== undefined)), total: billOf(charges) },
      runs: runs.length,
    };
    const text = (): string => costText(costs, { color: colorOn(process.stdout, process.env) });
    if (flags.json) answer(costJson(costs));
    else process.stdout.write(harmless(text(), process.stdout, process.env));
    return EXIT.succeeded;
  } finally {
    state?.close();
  }
}

type Chosen = { readonly state?: State; readonly runs: readonly RunSummary[] };

/** Where nothing ever ran, nothing was spent. */
async function chooseRuns(place: Place, { run, last }: CostFlags): Promise<Result<Chosen, Refusal>> {
  if (run !== undefined) {
    const found = await openRun(place, run);
    if (!found.ok) return found;
    const { state, run: id } = found.value;
    return ok({ state, runs: state.listRuns().filter((one) => one.id === id) });
  }
  const opened = await lookIntoState(place);
  if (opened === undefined) return ok({ runs: [] });
  if (!opened.ok) return opened;
  return ok({ state: opened.value, runs: opened.value.listRuns().slice(0, last) });
}

/** A length of time before now, or a day or moment; compared as the times of milestones are written. */
function sinceOf(text: string | undefined, now: number): Result<string | undefined, Refusal> {
  if (text === undefined) return ok(undefined);
  const ago = durationMs(text);
  const at = ago === undefined ? (/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN) : now - ago;
  // Before the year 0 nothing was spent either, and no date can be written.
  return Number.isNaN(at)
    ? refuse(`--since ${text}: neither a duration nor a date`, 'write it like `7d`, `12h` or `2026-11-01`')
    : ok(new Date(Math.max(0, at)).toISOString());
}

/** What a charge counts for. Steps of one run are told apart whole; over many the executions of a step are one. */
function nameBy(by: CostBy, isOneRun: boolean): (charge: Charge) => string {
  switch (by) {
    case 'step':
      return isOneRun
        ? ({ step }) => step
        : ({ workflow, step }) => `${workflow} › ${step.replace(/\[[^\]]*\]/g, '')}`;
    case 'engine':
      return ({ engine, model }) => (model === undefined ? engine : `${engine}, ${model}`);
    case 'workflow':
      return ({ workflow }) => workflow;
    case 'day':
      return ({ at }) => at.slice(0, 10);
    case 'run':
      return ({ run, workflow }) => `${run} ${workflow}`;
  }
}
