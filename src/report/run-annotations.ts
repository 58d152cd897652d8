/** Says what became of a run in annotations of GitHub Actions. */
import type { StepKey } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Progress, StepProgress } from '../model/progress.ts';
import { decisionCommands, openGates } from './gates.ts';
import { failedSteps, mayFail, stepsInOrder } from './steps.ts';
import { type CommandName, MOST_OF_A_KIND, workflowCommand } from './workflow-command.ts';

/** Characters that the runner sends of one message (actions/runner, `ExecutionContext.AddIssue`). */
const LONGEST = 4000;

/** A step's place in the file that it is written in. The path is relative to the repository's root, or absolute where it lies outside; lines count from 1. */
export interface StepPlace {
  readonly file: string;
  readonly line: number;
}

/** Finds where a step stands; undefined where nobody knows. */
export type PlaceOf = (step: StepKey) => StepPlace | undefined;

/** What annotations are made with. */
export interface NoteOptions {
  readonly plan: Plan | undefined;
  readonly placeOf?: PlaceOf | undefined;
}

/** One line each, without its end: failures as errors, the first to fail first, allowed ones as warnings, what is asked as notices. */
export function runAnnotations(progress: Progress, options: NoteOptions): readonly string[] {
  const { errors, warnings } = failures(progress, options.plan);
  const notices = openGates(progress).map((gate) => {
    const commands = progress.run === undefined ? [] : decisionCommands(progress.run, gate);
    const text = [gate.gate.question.message, ...commands].join('\n');
    return note('notice', gate.key, `${gate.key} asks`, text, options);
  });
  const failed = (kind: CommandName) => (step: StepProgress) => {
    const { message = 'no reason was recorded', help } = step.failure ?? {};
    const text = help === undefined ? message : `${message.slice(0, LONGEST - help.length)}\n${help}`;
    return note(kind, step.key, `${step.key} failed`, text, options);
  };
  return [
    ...shown(errors).map(failed('error')),
    ...shown(warnings).map(failed('warning')),
    ...shown(notices),
  ];
}

/** Steps whose failures are annotations; there may be more than GitHub shows, and the summary has the others. */
function failures(
  progress: Progress,
  plan: Plan | undefined,
): { readonly errors: readonly StepProgress[]; readonly warnings: readonly StepProgress[] } {
  const steps = stepsInOrder(progress, plan);
  const allowed = mayFail(plan);
  const warnings = steps.filter((step) => step.status === 'failed' && allowed.has(step.key));
  return { errors: failedSteps(steps, allowed), warnings };
}

function shown<T>(all: readonly T[]): readonly T[] {
  return all.slice(0, MOST_OF_A_KIND);
}

function note(
  kind: CommandName,
  step: StepKey,
  title: string,
  text: string,
  { placeOf }: NoteOptions,
): string {
  const found = placeOf?.(step);
  // GitHub knows the files of the repository alone.
  const place = found?.file.startsWith('/') === true ? undefined : found;
  return workflowCommand(kind, { ...place, title }, text);
}
