/** Finds the keys with which the engines of a workflow sign in: any of their commands may print them. */
import { dialectOf } from '../../engines/dialects/dialects.ts';
import type { Config } from '../../model/config.ts';
import { agentsAmong, ownSteps, partsOf } from '../../model/parts.ts';
import type { Workflow } from '../../model/workflow.ts';

/** Names of variables whose values open something; `CLAUDE_CODE_USE_BEDROCK` is none. */
const OPENS = /(?:KEY|KEY_ID|TOKEN|SECRET|PASSWORD|PASSPHRASE)$/;

/** Shorter ones open nothing, and stand in too many harmless words. */
const SHORTEST_KEY = 8;

/** The values of the caller's variables that open something and pass to an engine of the workflow: a built-in one, none pass to others. */
export function engineKeys(workflow: Workflow, env: NodeJS.ProcessEnv): readonly string[] {
  const patterns = enginesOf(workflow).flatMap((engine) => dialectOf(engine, {})?.variables(env) ?? []);
  const passes = (name: string): boolean =>
    patterns.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
  return keysAmong(Object.entries(env).filter(([name]) => OPENS.test(name) && passes(name)));
}

/** Whether the value of a variable of that name opens something. */
export function opens(name: string): boolean {
  return OPENS.test(name);
}

/** A workflow, with the configuration of its engines. */
export interface Configured {
  readonly workflow: Workflow;
  readonly config: Config;
  /** The caller's environment. */
  readonly env: NodeJS.ProcessEnv;
}

/** The values of what the configuration sets for its engines, or has passed to them, that open something. */
export function configuredKeys({ workflow, config, env }: Configured): readonly string[] {
  const set = enginesOf(workflow).flatMap((engine) => {
    const { env: own = {}, pass = [] } = config.engines[engine] ?? {};
    return [...Object.entries(own), ...pass.map((name) => [name, env[name]] as const)];
  });
  return keysAmong(set.filter(([name]) => OPENS.test(name)));
}

function enginesOf(workflow: Workflow): readonly string[] {
  const steps = partsOf(workflow).flatMap((part) => agentsAmong(ownSteps(part)));
  return [...new Set(steps.flatMap((step) => step.engines))];
}

/** A path is none: it leads to a key that has to be read first. */
function keysAmong(variables: readonly (readonly [string, string | undefined])[]): readonly string[] {
  return variables.flatMap(([, value = '']) =>
    value.length < SHORTEST_KEY || value.startsWith('/') ? [] : [value],
  );
}
