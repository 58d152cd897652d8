/** Finds the model that somebody meant who named one which there is not. */
import path from 'node:path';
import type { Config } from '../../model/config.ts';
import { literalText } from '../../model/expression.ts';
import { agentSteps } from '../../model/parts.ts';
import type { Workflow } from '../../model/workflow.ts';
import { nearest } from '../../workflow/suggest.ts';
import { readText } from '../files.ts';
import { workflowsIn } from '../find-workflow.ts';
import type { Place } from '../place.ts';

/** Where models are named here. */
export interface ModelSources {
  readonly config: Config;
  readonly workflow: Workflow;
  readonly place: Pick<Place, 'root'>;
}

/**
 * What to say to somebody whose engine knows no model of the name `asked`, given what the engine said; undefined where nothing is near.
 * Nobody here has a list of models: what is near is one that the engine, the configuration or a workflow names.
 */
export function modelMeant(sources: ModelSources, asked: string, said: string): string | undefined {
  const others = (names: readonly string[]): readonly string[] =>
    names.filter((name) => name.toLowerCase() !== asked.toLowerCase());
  const named = nearest(asked, others(namesIn(said)));
  if (named !== undefined) return `did you mean \`${named}\`, which the engine names?`;
  const known = modelsHere(sources);
  const near = nearest(asked, others([...known.keys()]));
  return near === undefined
    ? undefined
    : `did you mean \`${near}\`, which ${known.get(near) ?? 'this repository'} names?`;
}

/** Words of a message that look like the name of a model: each has a digit or a dash inside. */
function namesIn(said: string): readonly string[] {
  return (said.match(/[\w][\w./:@-]*[\w]/g) ?? []).filter((word) => /\d|\w-\w/.test(word));
}

/** The models that are named here, each with the first place that names it. */
function modelsHere({ config, workflow, place }: ModelSources): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  const add = (model: string | undefined, where: string): void => {
    if (model !== undefined && !known.has(model)) known.set(model, where);
  };
  for (const model of Object.keys(config.prices ?? {})) add(model, '`prices` in the configuration');
  add(config.defaults.model, '`defaults` in the configuration');
  for (const { id, model } of agentSteps(workflow))
    if (model !== undefined) add(literalText(model), `step \`${id}\``);
  const directory = path.join(place.root, '.codemachine', 'workflows');
  for (const file of workflowsIn(directory)) {
    const text = readText(path.join(directory, file));
    if (!text.ok) continue;
    for (const [, model] of text.value.matchAll(MODEL_KEY)) add(model, `.codemachine/workflows/${file}`);
  }
  return known;
}

/** For a suggestion it does not matter whether the rest of the file is right. */
const MODEL_KEY = /(?:^|[{,\s])model:\s*["']?([\w][\w./:@-]*)/g;
