/** Holds what the check of a workflow's expressions goes by. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import type { List, StepPlace } from './expression-lists.ts';
import type { Pending } from './expression-order.ts';
import { typeOfStep } from './expression-steps.ts';
import type { Type } from './types.ts';

/** What the check has to know beside the workflow. */
export interface CheckMore {
  /** Ids of steps that are refused as a whole: references to them are not judged. */
  readonly opaque: ReadonlySet<string>;
  readonly hasGit: boolean;
  /** The path to put into the complaints. */
  readonly path: string;
  /** Names that env-files declare. Where it is absent and there is an env-file, any variable may be asked for. */
  readonly envFileNames?: ReadonlySet<string>;
}

/** Whose expression it is. */
export interface Owner {
  /** Undefined for what belongs to the workflow itself. */
  readonly step?: Step;
  /** The list it stands in. */
  readonly list: List;
  /** Its position in the list; undefined for what is read when all of the list has ended. */
  readonly position?: number;
  /** Variables that were checked where they are written: those of the workflow, or of the loop around it. */
  readonly inherited: Step['env'];
  /** The variable whose value it is, of the step's `env:`. */
  readonly variable?: string;
  readonly contexts: ReadonlyMap<string, Type>;
}

/** What is the same for all expressions of a workflow. */
export interface Check {
  readonly workflow: Workflow;
  readonly more: CheckMore;
  readonly main: List;
  /** By id, those in loops included. */
  readonly places: ReadonlyMap<string, StepPlace>;
  readonly types: Map<Step, Type>;
  readonly found: Diagnostic[];
  readonly pending: Pending[];
  /** Gates that can never be passed. */
  readonly closed: Set<Step>;
  suggestions: number;
}

/** What is known of the values of a step. */
export function typeOf(step: Step, { types }: Check): Type {
  const type = types.get(step) ?? typeOfStep(step);
  types.set(step, type);
  return type;
}
