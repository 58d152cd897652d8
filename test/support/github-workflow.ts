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
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string | number>>;
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
  const { jobs } = parse(text) as { readonly jobs: Readonly<Record<string, JobSpec>> };
  const ends: JobEnd[] = [];
  const github = {
    ...{ repository: 'o/r', token: 'token', actor: 'octocat', server_url: 'https://github.com' },
    ...{ run_id: '9001', event: hosting.event },
  };
  for (const [id, job] of Object.entries(jobs)) {
    const before = ends.filter((end) => end.id === job.needs);
    if (job.needs !== undefined && (before.length === 0 || before.some(({ failed }) => failed))) continue;
    const needs = Object.fromEntries(before.map((end) => [end.id, { outputs: { ...end.outputs } }]));
    const contexts: Contexts = { github, needs, secrets: { ...hosting.secrets }, steps: {}, matrix: {} };
    if (!isTrue(job.if?.replace(/\s+/g, ' '), contexts)) continue;
    for (const matrix of combinations(job, contexts))
      ends.push(await runJob(id, job, { ...contexts, matrix }, hosting));
  }
  return ends;
}

type Contexts = Record<string, Json>;

/** Of a matrix with one axis. */
function combinations({ strategy }: JobSpec, contexts: Contexts): readonly JsonObject[] {
  if (strategy === undefined) return [{}];
  return Object.entries(strategy.matrix).flatMap(([axis, list]) => {
    const whole = filled(list.replace(/\$\{\{(.*)\}\}/, '${{ toJSON($1) }}'), contexts);
    return (JSON.parse(whole) as readonly Json[]).map((value) => ({ [axis]: value }));
  });
}

async function runJob(id: string, job: JobSpec, contexts: Contexts, hosting: Hosting): Promise<JobEnd> {
  const temp = mkdtempSync(path.join(hosting.base, `${id}-`));
  const workspace = path.join(temp, 'workspace');
  const artifacts = path.join(hosting.base, 'artifacts');
  for (const directory of [workspace, artifacts]) mkdirSync(directory, { recursive: true });
  const github = { event: hosting.event };
  const machine = { workspace, temp, artifacts, env: hosting.env, github };
  const made = startJob(machine);
  const actions: ActionEnd[] = [];
  let failed = false;
  for (const step of job.steps) {
    const always = step.if?.includes('always()') === true;
    if ((failed && !always) || !isTrue(step.if?.replaceAll('always()', 'true'), contexts)) continue;
    const env = valuesOf(step.env, contexts);
    const given = valuesOf(step.with, contexts);
    let outputs: Readonly<Record<string, string>> | undefined;
    if (step.run !== undefined) {
      const about = { name: step.id ?? step.run, shell: 'bash', run: step.run, env };
      outputs = (await script(made, about, contexts)) as Record<string, string> | undefined;
    } else if (step.uses?.startsWith('actions/checkout@'))
      outputs = checkout(hosting, workspace, given['ref']);
    else if (step.uses?.startsWith('codemachine/codemachine@')) {
      const end = await runAction({ ...machine, env: { ...hosting.env, ...env } }, given);
      actions.push(end);
      outputs = end.failed ? undefined : end.outputs;
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

/** The whole history, where the action fetches less of it. */
function checkout({ origin, env }: Hosting, workspace: string, ref = 'HEAD'): Record<string, string> {
  const git = (...args: readonly string[]): void =>
    void execFileSync('git', args, { cwd: workspace, env, stdio: ['ignore', 'ignore', 'pipe'] });
  git('clone', '-q', `file://${origin}`, '.');
  git('checkout', '-q', '--detach', ref);
  return {};
}
