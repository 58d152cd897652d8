// Makes workflows out of names and needs.
import type { Template } from '../../src/model/expression.ts';
import { literal } from '../../src/model/expression.ts';
import { asStepId } from '../../src/model/ids.ts';
import type { GateStep, PromptStep, RunStep, Step, Workflow } from '../../src/model/workflow.ts';

/** Each step stands in a line of ten letters of its own, so that places can be told apart. */
function common(index: number, id: string, needs: readonly string[]) {
  const at = { start: index * 10, end: index * 10 + 10 };
  return {
    id: asStepId(id),
    declared: true,
    at,
    needs: needs.map(asStepId),
    needsAt: { start: at.start + 5, end: at.end },
    ifDecides: false,
    env: {},
    retry: { attempts: 1, delayMs: 10_000, backoff: 'exponential', maxDelayMs: 300_000, on: [] },
    continueOnError: false,
  } as const;
}

export function text(value: string): Template {
  return literal(value, { start: 0, end: 0 });
}

export function shell(
  index: number,
  id: string,
  needs: readonly string[],
  more: Partial<RunStep> = {},
): RunStep {
  return { ...common(index, id, needs), kind: 'run', script: text('true'), outputs: {}, ...more };
}

export function agent(
  index: number,
  id: string,
  needs: readonly string[],
  more: Partial<PromptStep> = {},
): PromptStep {
  const retry = { ...common(index, id, needs).retry, attempts: 3, on: ['transient'] as const };
  return {
    ...common(index, id, needs),
    kind: 'prompt',
    prompt: text('go'),
    engines: ['claude-code'],
    access: 'write',
    accessSaid: true,
    idleTimeoutMs: 600_000,
    quotaWaitMs: 1,
    undo: true,
    timeoutMs: 3_600_000,
    ...more,
    retry: more.retry ?? retry,
  };
}

export function gate(index: number, id: string, needs: readonly string[]): GateStep {
  const at = { start: 0, end: 0 };
  return {
    ...common(index, id, needs),
    kind: 'gate',
    message: text('Ship it?'),
    show: ['diff', { text: 'steps.build.stdout', at }],
    options: ['ship', 'hold'],
    fields: { why: { type: 'string', required: true, at } },
    gateTimeoutMs: 3_600_000,
    onTimeout: 'hold',
    approveIf: { text: 'inputs.force', at },
    require: { text: 'true', at },
  };
}

export function workflow(steps: readonly Step[], more: Partial<Workflow> = {}): Workflow {
  return {
    source: { path: 'w.yml', text: '' },
    sha256: '',
    name: 'w',
    inputs: {},
    env: {},
    envFiles: [],
    secrets: [],
    steps,
    finally: [],
    outputs: {},
    files: {},
    ...more,
  };
}

/** `{ b: ['a'] }` → shell steps in that order. */
export function shells(needs: Readonly<Record<string, readonly string[]>>): Workflow {
  return workflow(Object.entries(needs).map(([id, own], index) => shell(index, id, own)));
}
