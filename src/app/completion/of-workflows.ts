/** Names what the workflows of a repository have that can be named on a command line. */
import path from 'node:path';
import { type Outline, outlineOf } from '../../workflow/outline.ts';
import { readText } from '../files.ts';
import { findWorkflow, workflowsIn } from '../find-workflow.ts';
import type { Place } from '../place.ts';
import type { Line } from './asked.ts';
import type { Candidate } from './candidates.ts';
import { outlineOfRun, stepsTold } from './of-runs.ts';

/** The workflows of `.codemachine/workflows`, by name. */
export function workflowsOf(place: Place): readonly Candidate[] {
  const directory = path.join(place.root, '.codemachine', 'workflows');
  return workflowsIn(directory).map((file) => ({
    value: file.replace(/\.ya?ml$/, ''),
    about: outlineAt(path.join(directory, file))?.description,
  }));
}

/** The inputs of the workflow that is named, or of the run's: `name=`, with each value where there are few. */
export async function inputsOf(place: Place, line: Line): Promise<readonly Candidate[]> {
  const outline = await outlineFor(place, line);
  return (outline?.inputs ?? []).flatMap(({ name, description, options }) =>
    options.length === 0
      ? [{ value: `${name}=`, about: description }]
      : options.map((option) => ({ value: `${name}=${option}`, about: description })),
  );
}

/** The steps of the workflow that is named; of a run those too that it has made. */
export async function stepsOf(place: Place, line: Line): Promise<readonly Candidate[]> {
  const steps = (await outlineFor(place, line))?.steps ?? [];
  const written = steps.map(({ id, name }) => ({ value: id, about: name }));
  const run = line.args['run'];
  if (run === undefined) return written;
  const known = new Set(steps.map(({ id }) => id));
  return [...written, ...(await stepsTold(place, run)).filter(({ value }) => !known.has(value))];
}

async function outlineFor(place: Place, { args }: Line): Promise<Outline | undefined> {
  const { workflow, run } = args;
  if (workflow !== undefined) {
    const file = findWorkflow(place, workflow);
    return file.ok ? outlineAt(file.value) : undefined;
  }
  return run === undefined ? undefined : outlineOfRun(place, run);
}

function outlineAt(file: string): Outline | undefined {
  const text = readText(file);
  return text.ok ? outlineOf({ path: file, text: text.value }) : undefined;
}
