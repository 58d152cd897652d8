// Makes the jobs of a workflow of GitHub Actions, one after the other, with stand-ins for the actions of others.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../src/model/result.ts';
import { type ActionEnd, filled, isTrue, runAction, script, startJob } from './github-action.ts';

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly shell?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string | number>>;
}

interface WorkflowSpec {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, JobSpec>>;
}

interface JobSpec {
  readonly needs?: string;
  readonly if?: string;
  readonly environment?: string;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, string>> };
  readonly steps: readonly Step[];
}

/** What the machines have, and where they fetch the repository from. */
export interface Hosting {
  /** A directory for workspaces, artifacts and what is gone with a job. */
  readonly base: string;
  readonly origin: string;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly event: JsonObject;
  /** Of GitHub Actions. */
  readonly runId?: string;
}

/** How a job ended; one for each combination of its matrix. */
export interface JobEnd {
  readonly id: string;
  readonly failed: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  /** Somebody had to approve it. */
  readonly environment?: string;
  /** The steps that were ours. */
  readonly actions: readonly ActionEnd[];
  readonly text: string;
}

/** Makes the jobs whose conditions hold, in the order of the file. */
export async function runJobs(text: string, hosting: Hosting): Promise<readonly JobEnd[]> {
  const { jobs, permissions } = parse(text) as WorkflowSpec;
  const ends: JobEnd[] = [];
  const github = {
    ...{ repository: 'o/r', token: 'token', actor: 'octocat', server_url: 'https://github.com' },
    ...{ run_id: hosting.runId ?? '9001', event: hosting.event },
  };
  for (const [id, job] of Object.entries(jobs)) {
    const before = ends.filter((end) => end.id === job.needs);
    if (
      job.needs !== undefined &&
      (before.length === 0 || before.some(({ failed }) => failed && !isRegardless(job.if)))
    )
      continue;
    const needs = Object.fromEntries(before.map((end) => [end.id, { outputs: { ...end.outputs } }]));
    const contexts: Contexts = { github, needs, secrets: { ...hosting.secrets }, steps: {}, matrix: {} };
    if (!isTrue(regardless(job.if?.replace(/\s+/g, ' ')), contexts)) continue;
    for (const matrix of combinations(job, contexts))
      ends.push(await runJob(id, job, { ...contexts, matrix }, hosting, permissions));
  }
  return ends;
}

type Contexts = Record<string, Json>;

// Nobody cancels anything here.
const REGARDLESS = /always\(\)|!cancelled\(\)/g;
const isRegardless = (condition = ''): boolean => condition.search(REGARDLESS) >= 0;
const regardless = (condition: string | undefined): string | undefined =>
  condition?.replaceAll(REGARDLESS, 'true');

/** Of a matrix with one axis. */
function combinations({ strategy }: JobSpec, contexts: Contexts): readonly JsonObject[] {
  if (strategy === undefined) return [{}];
  return Object.entries(strategy.matrix).flatMap(([axis, list]) => {
    const whole = filled(list.replace(/\$\{\{(.*)\}\}/, '${{ toJSON($1) }}'), contexts);
    return (JSON.parse(whole) as readonly Json[]).map((value) => ({ [axis]: value }));
  });
}

async function runJob(
  id: string,
  job: JobSpec,
  contexts: Contexts,
  hosting: Hosting,
  permissions: WorkflowSpec['permissions'],
): Promise<JobEnd> {
  const temp = mkdtempSync(path.join(hosting.base, `${id}-`));
  const workspace = path.join(temp, 'workspace');
  const artifacts = path.join(hosting.base, 'artifacts');
  for (const directory of [workspace, artifacts]) mkdirSync(directory, { recursive: true });
  const github = { event: hosting.event, run_id: hosting.runId ?? '9001' };
  const machine = { workspace, temp, artifacts, env: hosting.env, github, permissions };
  const made = startJob(machine);
  const actions: ActionEnd[] = [];
  let failed = false;
  for (const step of job.steps) {
    if ((failed && !isRegardless(step.if)) || !isTrue(regardless(step.if), contexts)) continue;
    const env = valuesOf(step.env, contexts);
    const given = valuesOf(step.with, contexts);
    let outputs: Readonly<Record<string, string>> | undefined;
    if (step.run !== undefined) {
      const shell = step.shell === undefined ? {} : { shell: step.shell };
      const about = { name: step.id ?? step.run, ...shell, run: step.run, env };
      outputs = (await script(made, about, contexts)) as Record<string, string> | undefined;
    } else if (step.uses?.startsWith('actions/checkout@')) outputs = checkout(hosting, workspace, given);
    else if (step.uses?.startsWith('codemachine/codemachine@')) {
      const end = await runAction({ ...machine, env: { ...hosting.env, ...env } }, given);
      actions.push(end);
      outputs = end.outputs;
      failed ||= end.failed;
    } else throw new Error(`no stand-in for ${step.uses}`);
    failed ||= outputs === undefined;
    if (step.id !== undefined)
      contexts['steps'] = { ...(contexts['steps'] as JsonObject), [step.id]: { outputs: { ...outputs } } };
  }
  return {
    ...{ id, failed, actions, outputs: valuesOf(job.outputs, contexts) },
    text: [...made.text, ...actions.map(({ text }) => text)].join('\n'),
    ...(job.environment === undefined ? {} : { environment: job.environment }),
  };
}

function valuesOf(
  written: Readonly<Record<string, string | number>> | undefined,
  contexts: Contexts,
): Record<string, string> {
  const entries = Object.entries(written ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, filled(String(value), contexts)]));
}

/** As much history as is asked for: one commit, or all of it where that is 0. */
function checkout(
  { origin, env }: Hosting,
  workspace: string,
  { ref = 'HEAD', 'fetch-depth': depth = '1' }: Readonly<Record<string, string>>,
): Record<string, string> {
  const git = (...args: readonly string[]): void =>
    void execFileSync('git', args, { cwd: workspace, env, stdio: ['ignore', 'ignore', 'pipe'] });
  git('init', '-q');
  git('fetch', '-q', ...(depth === '0' ? [] : [`--depth=${depth}`]), `file://${origin}`, ref);
  git('checkout', '-q', '--detach', 'FETCH_HEAD');
  return {};
}
