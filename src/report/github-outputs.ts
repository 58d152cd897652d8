/** Writes what a run came to as the outputs of a step of GitHub Actions. */
import type { Plan } from '../model/plan.ts';
import type { Progress } from '../model/progress.ts';
import { isUsageUnknown, stepsInOrder } from './steps.ts';

/** UTF-16 units; GitHub refuses outputs of a job that take over 1 MB, by their size in UTF-16 (docs.github.com, "Passing information between jobs"). */
const LONGEST = 400_000;

/** What later steps can ask for: `steps.<id>.outputs.<name>`. */
export interface GithubOutputs {
  readonly 'run-id': string;
  readonly status: string;
  /** The outputs of the workflow, as JSON; `{}` where they are too long to be passed on. */
  readonly outputs: string;
  /** US dollars; empty where a part of it is unknown. */
  readonly 'cost-usd': string;
}

/** What is passed on of a run that ended, parked or was stopped. */
export function githubOutputs(progress: Progress, plan: Plan | undefined): GithubOutputs {
  const { run = '', status, usage, outputs = {} } = progress;
  const json = JSON.stringify(outputs);
  const unknown = stepsInOrder(progress, plan).some(isUsageUnknown);
  return {
    'run-id': run,
    status,
    outputs: json.length > LONGEST ? '{}' : json,
    'cost-usd': unknown || usage?.usd === null ? '' : String(usage?.usd ?? 0),
  };
}

/**
 * The lines that GitHub reads them from, each value between two lines of `end`, which no value may hold: `random` gives one that
 * nobody can know before. Whatever stands in the file without a line end does not become a part of the first name.
 */
export function outputLines(values: GithubOutputs, random: () => string): string {
  const entries = Object.entries(values).map(([name, value]: [string, string]) => {
    let end = `end-${random()}`;
    while (value.includes(end)) end = `end-${random()}`;
    return `${name}<<${end}\n${value}\n${end}\n`;
  });
  return `\n${entries.join('')}`;
}
