/** Shows a plan in the form that was asked for. */
import type { CacheOutlook, Estimated, Plan } from '../model/plan.ts';
import type { StandingOf } from '../model/standing.ts';
import type { Workflow } from '../model/workflow.ts';
import { drawDot, drawMermaid } from './graph-drawing.ts';
import { graphJson } from './graph-json.ts';
import { graphText } from './graph-text.ts';

/** The forms of a plan; `text` is for people, `json` is part of the contract. */
export const GRAPH_FORMATS = ['text', 'mermaid', 'dot', 'json'] as const;

/** One of the forms of a plan. */
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** How a plan is shown. `emphasize` marks what a person must not overlook (`access: full`), in red where there is colour. */
export interface GraphOptions {
  readonly emphasize?: (text: string) => string;
  /** What is known from earlier runs; for programs, where people are told apart from the plan. */
  readonly estimated?: Estimated;
  readonly cache?: Readonly<Record<string, CacheOutlook>>;
  /** By step: what its `if` comes to, where that is certain before anything runs. */
  readonly conditions?: Readonly<Record<string, boolean>>;
  /** How the steps of a run stand, for Mermaid. */
  readonly standingOf?: StandingOf;
}

/** The plan as text, ending in a line feed. */
export function graph(
  plan: Plan,
  workflow: Workflow,
  format: GraphFormat,
  options: GraphOptions = {},
): string {
  switch (format) {
    case 'text':
      return graphText(plan, workflow, options.emphasize ?? ((text) => text));
    case 'mermaid':
      return drawMermaid(plan, options.standingOf);
    case 'dot':
      return drawDot(plan, workflow);
    case 'json':
      return `${JSON.stringify(graphJson(plan, workflow, options), null, 2)}\n`;
  }
}
