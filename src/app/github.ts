/** Tells GitHub Actions what became of a run, in the files and variables that it gives. */
import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import type { Plan } from '../model/plan.ts';
import type { Reporter } from '../model/ports.ts';
import { standingsOf } from '../model/standing.ts';
import type { Workflow } from '../model/workflow.ts';
import { graph } from '../plan/graph.ts';
import { type Watch, watch } from '../report/changes.ts';
import { onGithub } from '../report/choose.ts';
import { githubOutputs, outputLines } from '../report/github-outputs.ts';
import { jobSummary, LARGEST_SUMMARY } from '../report/job-summary.ts';
import { isChatter } from '../report/plain.ts';
import type { RunRecord } from '../state/runs.ts';
import type { State } from '../state/state.ts';
import type { GitWorkspace } from '../workspace/workspace.ts';
import { timeline } from './trees/timeline.ts';

/** What a run is shown with besides its plan, where that is known. */
export interface Behind {
  readonly record: RunRecord;
  readonly state: State;
  readonly workflow: Workflow;
  readonly workspace: GitWorkspace | undefined;
  /** Values that nobody may be shown. */
  readonly masked: readonly string[];
}

/** Where GitHub is told things. */
export interface Runner {
  readonly outputs: string | undefined;
  readonly summary: string | undefined;
  /** What we print is read by the runner and nobody else, so it may be told what to mask. */
  readonly reads: boolean;
}

/** Files with which a step of GitHub Actions speaks to those after it. */
const FILES = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STATE'] as const;

/** Our action says with it that nothing but the runner reads our output. */
const READS = 'CODEMACHINE_ACTION';

/**
 * Takes what the runner gave out of the environment: a script or a test that an agent has written is not to find there where it could
 * set a variable of the job, or an output of ours. Undefined elsewhere than in GitHub Actions.
 */
export function takeRunner(env: NodeJS.ProcessEnv): Runner | undefined {
  if (!onGithub(env)) return undefined;
  const set = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const runner = {
    outputs: set('GITHUB_OUTPUT'),
    summary: set('GITHUB_STEP_SUMMARY'),
    reads: env[READS] === 'true',
  };
  for (const name of [...FILES, READS]) delete env[name];
  return runner;
}

/** Lines that have the runner mask what is said afterwards, in whichever step of the job. */
export function maskLines(values: readonly string[]): string {
  const lines = values.flatMap((value) => value.split(/[\r\n]+/)).map((line) => line.trim());
  // Shorter ones stand in too many harmless words.
  const worth = [...new Set(lines)].filter((line) => line.length >= 6);
  return worth.map((line) => `::add-mask::${line.replaceAll('%', '%25')}\n`).join('');
}

interface Told {
  readonly runner: Runner;
  readonly plan: Plan;
  readonly behind: Behind;
}

/** Has GitHub told when the reporter is closed. Only what was heard is told: who is refused leaves no outputs. */
export function telling(
  reporter: Reporter,
  { tell, ...of }: Told & { readonly tell: (sentence: string) => void },
): Reporter {
  const { behind } = of;
  const run = watch(behind.state.history(behind.record.id));
  let heard = false;
  return {
    ...reporter,
    hear: (event) => {
      heard = true;
      reporter.hear(event);
      if (!isChatter(event)) run.hear(event);
    },
    close: async () => {
      await reporter.close();
      if (!heard) return;
      try {
        await writeFiles(run, of);
      } catch (error) {
        // The run is recorded; a full disk under these files does not make it another one.
        tell(`GitHub could not be told how the run ended: ${(error as Error).message}`);
      }
    },
  };
}

async function writeFiles(
  { progress, changes }: Watch,
  { runner: { outputs, summary }, plan, behind }: Told,
): Promise<void> {
  if (outputs !== undefined) appendFileSync(outputs, outputLines(githubOutputs(progress, plan), randomUUID));
  if (summary === undefined) return;
  const before = endOf(summary);
  const text = jobSummary(progress, {
    plan,
    changes,
    graph: graph(plan, behind.workflow, 'mermaid', { standingOf: standingsOf(progress) }),
    stat: await statOf(behind),
    room: LARGEST_SUMMARY - before.size - 2,
  });
  appendFileSync(summary, before.open ? `\n\n${text}` : text);
}

/** How much others have written there, and whether a line of theirs is open. */
function endOf(file: string): { readonly size: number; readonly open: boolean } {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return { size, open: size > 0 && size < LARGEST_SUMMARY && !readFileSync(file, 'utf8').endsWith('\n\n') };
}

/** What the run changed in the tree; undefined where that is not recorded. */
async function statOf({ workspace, state, record }: Behind): Promise<string | undefined> {
  const recordings = await workspace?.recordings(record.id);
  if (workspace === undefined || recordings?.ok !== true) return undefined;
  const line = timeline(record.id, state.history(record.id), recordings.value);
  if (!line.ok) return undefined;
  const { first, lastRecorded } = line.value;
  const stat = await workspace.diff(first, lastRecorded, { stat: true, paths: [] });
  return stat.ok ? stat.value : undefined;
}
