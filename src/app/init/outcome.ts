/** Says what a project was given, and what it can do with it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { SignedIn } from '../../engines/look-at-engine.ts';
import { hasErrors } from '../../model/diagnostic.ts';
import { agentSteps } from '../../model/parts.ts';
import type { InputSpec } from '../../model/workflow.ts';
import { quoted } from '../../report/words.ts';
import type { Checked } from '../check.ts';
import type { Finding } from '../doctor/doctor-git.ts';
import { locate, type Place } from '../place.ts';
import type { Candidate } from './engines.ts';
import type { TestCommand } from './listing.ts';
import type { TemplateName } from './templates.ts';

/** An engine that the workflow names, or that is here besides. */
export interface Known extends Omit<Candidate, 'signIn'> {
  /** Looked for where the workflow names it. */
  readonly signedIn?: SignedIn;
}

/** What became of a call of `init`. */
export interface Outcome {
  readonly place: Place;
  readonly template: TemplateName;
  /** The workflow, relative to the root, as the other names. */
  readonly file: string;
  readonly written: readonly string[];
  /** What was there already. */
  readonly kept: readonly string[];
  /** The workflow as it stands now. */
  readonly checked: Checked;
  readonly engines: readonly Known[];
  /** Undefined where the workflow was there already. */
  readonly tests?: {
    readonly command: TestCommand | undefined;
    readonly lines: readonly number[];
    /** The program that the command begins with, where it is not here. */
    readonly missing?: string;
  };
  /** What is wrong with git. */
  readonly git: readonly Finding[];
  /** The rule by which git leaves the workflow out. */
  readonly ignored: string | undefined;
}

/** Looks at those that the workflow names. */
export async function lookAtEngines(
  { workflow }: Checked,
  all: readonly Candidate[],
): Promise<readonly Known[]> {
  const used = workflow === undefined ? [] : agentSteps(workflow).flatMap(({ engines }) => engines);
  return Promise.all(
    all.map(async ({ signIn, ...engine }): Promise<Known> => {
      return used.includes(engine.name) && engine.isHere ? { ...engine, signedIn: await signIn() } : engine;
    }),
  );
}

/** The engines that the workflow names, each once. */
export function enginesOf({ checked: { workflow } }: Outcome): readonly string[] {
  return workflow === undefined ? [] : [...new Set(agentSteps(workflow).flatMap(({ engines }) => engines))];
}

/** A file that a template leaves to the project, and that is not there. */
export interface LeftOpen {
  readonly file: string;
  /** Where the workflow says what it is for, from 1. */
  readonly line: number;
}

/** A comment of a template says what is one's own, and the line below it names the file. */
export function leftOpen({ place, checked: { source } }: Outcome): readonly LeftOpen[] {
  const lines = source.text.split('\n');
  return lines.flatMap((text, index) => {
    const [file] = /^# Your own /.test(text) ? (/[\w.-]+\/[\w./-]+/.exec(lines[index + 1] ?? '') ?? []) : [];
    return file === undefined || existsSync(path.join(place.root, file)) ? [] : [{ file, line: index + 1 }];
  });
}

/** Whether each step has an engine that can be asked. */
function isReady({ checked: { workflow }, engines }: Outcome): boolean {
  const able = engines.filter(({ isHere, signedIn }) => isHere && signedIn?.state !== 'no');
  const names = able.map(({ name }) => name);
  return (
    workflow !== undefined &&
    agentSteps(workflow).every((step) => step.engines.some((one) => names.includes(one)))
  );
}

/** The command that runs the workflow, from where the caller stands. */
export function runLine({ place, template, checked }: Outcome): string {
  return from(place, `codemachine run ${template}${inputsOf(checked)}`);
}

/** The one command to type next: it works at once, and shows what there is. */
export function nextLine(outcome: Outcome): string {
  const { place, template, checked, tests } = outcome;
  if (hasErrors(checked.diagnostics)) return from(place, `codemachine validate ${template}`);
  const isTested = tests === undefined || (tests.command !== undefined && tests.missing === undefined);
  const complete = isReady(outcome) && isTested && leftOpen(outcome).length === 0;
  return complete ? runLine(outcome) : from(place, `codemachine plan ${template}`);
}

function from(place: Place, command: string): string {
  const cwd = process.cwd();
  const steps = [
    ...(locate({ cwd }, process.env).root === place.root
      ? []
      : [`cd ${quoted(path.relative(cwd, place.root))}`]),
    ...(place.hasGit ? [] : ['git init']),
    command,
  ];
  return steps.join(' && ');
}

/** What has to be said, by an example of each. */
function inputsOf({ workflow }: Checked): string {
  return Object.entries(workflow?.inputs ?? {})
    .flatMap(([name, spec]) => (spec.required && spec.default === undefined ? [[name, spec] as const] : []))
    .map(([name, spec]) => ` --input ${name}=${quoted(exampleOf(name, spec))}`)
    .join('');
}

function exampleOf(name: string, { type, description, options }: InputSpec): string {
  switch (type) {
    case 'string':
      return description ?? name;
    case 'number':
      return '1';
    case 'boolean':
      return 'true';
    case 'choice':
      return options?.[0] ?? name;
    case 'json':
      return '{}';
  }
}
