// Makes the steps of `action.yml` as a job of GitHub Actions would, with stand-ins for the actions of others.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Dictionary } from '@actions/expressions/data/dictionary';
import { Evaluator } from '@actions/expressions/evaluator';
import { Lexer } from '@actions/expressions/lexer';
import { Parser } from '@actions/expressions/parser';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../src/model/result.ts';
import { fromJson } from '../../src/workflow/expression-values.ts';
import { PROGRAM } from './cli.ts';
import { githubRunner, type Runner, readKeyValues, readSummary } from './github-runner.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A step of `action.yml`. */
export interface ActionStep {
  readonly name: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly shell?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string>>;
}

/** The file, as far as it is obeyed here. */
export interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly steps: readonly ActionStep[] };
}

/** `action.yml` at the root. */
export const ACTION = parse(readFileSync(path.join(ROOT, 'action.yml'), 'utf8')) as Action;

/** A machine that makes one job. */
export interface Machine {
  /** The checkout. */
  readonly workspace: string;
  /** Where the runner keeps what is gone with the job. */
  readonly temp: string;
  /** What stands for GitHub: artifacts, by the run of GitHub Actions. */
  readonly artifacts: string;
  readonly env: Readonly<Record<string, string>>;
  /** What the token of the job may do; to read what is in the repository unless said otherwise. */
  readonly permissions?: Readonly<Record<string, string>>;
  /** Of the `github` context, beside what every job has. */
  readonly github?: JsonObject;
  /** Whether a `codemachine` of the built program is on the PATH; it is unless said otherwise. */
  readonly installed?: boolean;
  /** Hears the process of each script. */
  readonly started?: (name: string, pid: number) => void;
  /** Hears what is printed, as it comes. */
  readonly said?: (text: string) => void;
}

/** How the step of the job ended that says `uses: codemachine`. */
export interface ActionEnd {
  readonly failed: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  readonly runner: Runner;
  /** Everything that was printed. */
  readonly text: string;
  readonly summaries: readonly (string | undefined)[];
  /** Steps that were made. */
  readonly made: readonly string[];
  /** What later steps of the job would see beside what the machine gave. */
  readonly jobEnv: Readonly<Record<string, string>>;
}

const RUN_ID = '9001';

const runIdOf = ({ github }: Machine): string => String(github?.['run_id'] ?? RUN_ID);

/** Makes the action's steps. @param given what stands under `with` */
export async function runAction(
  machine: Machine,
  given: Readonly<Record<string, string>>,
): Promise<ActionEnd> {
  const github = { run_id: RUN_ID, token: 'token', action_path: ROOT, event: {}, ...machine.github };
  const contexts: Record<string, Json> = { github, runner: { temp: machine.temp }, inputs: {}, steps: {} };
  const inputs = Object.entries(ACTION.inputs).map(([name, { default: value = '' }]) => [
    name,
    given[name] ?? filled(value, contexts),
  ]);
  for (const name of Object.keys(given))
    if (ACTION.inputs[name] === undefined) throw new Error(`no such input: ${name}`);
  contexts['inputs'] = Object.fromEntries(inputs) as JsonObject;
  const job = startJob(machine);
  const made: string[] = [];
  let failed = false;
  for (const step of ACTION.runs.steps) {
    const always = step.if?.includes('always()') === true;
    if ((failed && !always) || !isTrue(step.if?.replaceAll('always()', 'true'), contexts)) continue;
    made.push(step.name);
    delete job.outputs;
    const done = step.uses === undefined ? await script(job, step, contexts) : standIn(job, step, contexts);
    failed ||= done === undefined;
    if (step.id !== undefined)
      contexts['steps'] = {
        ...(contexts['steps'] as JsonObject),
        [step.id]: {
          outputs: done ?? lastOutputs(job),
          outcome: done === undefined ? 'failure' : 'success',
        },
      };
  }
  const outputs = Object.entries(ACTION.outputs).map(([name, { value }]) => [name, filled(value, contexts)]);
  const { runner, text, summaries, env } = job;
  return {
    failed,
    outputs: Object.fromEntries(outputs),
    runner,
    text: text.join(''),
    summaries,
    made,
    jobEnv: env,
  };
}

/** What the steps of a job leave behind for those after them. */
export interface Job {
  readonly machine: Machine;
  readonly runner: Runner;
  readonly text: string[];
  readonly summaries: (string | undefined)[];
  readonly path: string[];
  readonly env: Record<string, string>;
  /** What the newest step wrote. */
  outputs?: Readonly<Record<string, string>>;
}

const lastOutputs = ({ outputs = {} }: Job): JsonObject => ({ ...outputs });

/** A directory for programs, with the built one in it. */
function binOf({ temp, installed = true }: Machine): string[] {
  const bin = path.join(temp, 'bin');
  mkdirSync(bin, { recursive: true });
  const text = `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`;
  if (installed) writeFileSync(path.join(bin, 'codemachine'), text, { mode: 0o755 });
  return [bin];
}

/** Starts a job on a machine. */
export function startJob(machine: Machine): Job {
  return { machine, runner: githubRunner(), text: [], summaries: [], path: binOf(machine), env: {} };
}

/** Makes a script as the runner does: `bash -e`, and with pipefail only where bash is asked for. Undefined where it failed. */
export async function script(
  job: Job,
  step: ActionStep,
  contexts: Record<string, Json>,
): Promise<JsonObject | undefined> {
  const { machine } = job;
  if (step.shell !== undefined && step.shell !== 'bash') throw new Error(`${step.name}: no such shell here`);
  const files = path.join(machine.temp, '_runner_file_commands', String(job.summaries.length));
  mkdirSync(files, { recursive: true });
  const names = ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'];
  const given = Object.fromEntries(names.map((name) => [name, path.join(files, name)]));
  for (const file of Object.values(given)) writeFileSync(file, '');
  const at = path.join(files, 'script.sh');
  writeFileSync(at, step.run ?? '');
  const own = Object.entries(step.env ?? {}).map(([name, value]) => [name, filled(value, contexts)]);
  const env = {
    ...machine.env,
    ...{ GITHUB_ACTIONS: 'true', CI: 'true', GITHUB_WORKSPACE: machine.workspace, RUNNER_TEMP: machine.temp },
    ...{
      GITHUB_ACTOR: 'octocat',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_RUN_ID: runIdOf(machine),
    },
    ...job.env,
    ...Object.fromEntries(own),
    ...given,
    PATH: [...job.path, machine.env['PATH']].join(':'),
  };
  const how = step.shell === undefined ? ['-e'] : ['--noprofile', '--norc', '-eo', 'pipefail'];
  const child = spawn('bash', [...how, at], { cwd: machine.workspace, env });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said.push(text);
      machine.said?.(text);
    });
  machine.started?.(step.name, child.pid ?? 0);
  const [code] = (await once(child, 'close')) as [number | null];
  const read = (name: string) => readFileSync(given[name] ?? '', 'utf8');
  job.text.push(...said);
  job.runner.read(said.join(''));
  job.summaries.push(readSummary(read('GITHUB_STEP_SUMMARY'), job.runner));
  job.outputs = readKeyValues(read('GITHUB_OUTPUT'));
  Object.assign(job.env, readKeyValues(read('GITHUB_ENV')));
  job.path.unshift(
    ...read('GITHUB_PATH')
      .split('\n')
      .filter((line) => line !== ''),
  );
  return code === 0 ? { ...job.outputs } : undefined;
}

/** Stands in for the actions that move artifacts. */
function standIn(
  { machine, text }: Job,
  step: ActionStep,
  contexts: Record<string, Json>,
): JsonObject | undefined {
  const entries = Object.entries(step.with ?? {}).map(([name, value]) => [
    name,
    filled(String(value), contexts),
  ]);
  const {
    name = '',
    path: at = '',
    'run-id': from = runIdOf(machine),
    'github-token': token,
  } = Object.fromEntries(entries) as Record<string, string>;
  const [action] = (step.uses ?? '').split('@');
  if (token !== undefined && machine.permissions?.['actions'] === undefined) {
    text.push('##[error]Resource not accessible by integration (403): no `actions: read`\n');
    return undefined;
  }
  const kept = path.join(machine.artifacts, from, name);
  const up = action === 'actions/upload-artifact';
  if (!up && action !== 'actions/download-artifact') throw new Error(`no stand-in for ${step.uses}`);
  if (!existsSync(up ? at : kept)) {
    text.push(`##[error]nothing at ${up ? at : name}\n`);
    return undefined;
  }
  if (up) rmSync(kept, { recursive: true, force: true });
  cpSync(up ? at : kept, up ? path.join(kept, path.basename(at)) : at, { recursive: true });
  return {};
}

/** A text with its expressions computed. */
export function filled(text: string, contexts: Readonly<Record<string, Json>>): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, inner: string) => computed(inner, contexts).coerceString());
}

/** Whether a condition holds; `always()` and the like are for who asks. */
export function isTrue(condition: string | undefined, contexts: Readonly<Record<string, Json>>): boolean {
  if (condition === undefined) return true;
  const inner = condition.replace(/^\s*\$\{\{(.*)\}\}\s*$/, '$1');
  return computed(inner, contexts).coerceString() === 'true';
}

function computed(text: string, contexts: Readonly<Record<string, Json>>) {
  const { tokens } = new Lexer(text.trim()).lex();
  const tree = new Parser(tokens, Object.keys(contexts), []).parse();
  return new Evaluator(tree, fromJson(contexts) as Dictionary).evaluate();
}
