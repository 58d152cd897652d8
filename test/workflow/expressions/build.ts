/** Builds workflows for the tests of expressions without a YAML file. */
import type { Diagnostic } from '../../../src/model/diagnostic.ts';
import type { Expr, Template } from '../../../src/model/expression.ts';
import { asStepId } from '../../../src/model/ids.ts';
import type { JsonObject } from '../../../src/model/result.ts';
import type {
  GateStep,
  InputSpec,
  OutputType,
  PromptStep,
  RunStep,
  Step,
  Workflow,
} from '../../../src/model/workflow.ts';
import { checkExpressions } from '../../../src/workflow/references.ts';
import { callsStatusFunction, readBare, readTemplate } from '../../../src/workflow/template.ts';
import type { Text } from '../../../src/workflow/text.ts';

/** A text that is written exactly as it means. */
export function textOf(value: string, more: { start?: number; block?: boolean } = {}): Text {
  const start = more.start ?? 0;
  return {
    value,
    at: { start, end: start + value.length },
    offset: (index) => start + index,
    block: more.block ?? false,
  };
}

export interface StepSketch {
  id?: string;
  needs?: string[];
  if?: string;
  env?: Record<string, string>;
  workingDirectory?: string;
  run?: string;
  shell?: string;
  outputs?: Record<string, OutputType>;
  prompt?: string;
  system?: string;
  model?: string;
  output?: JsonObject;
  gate?: { message?: string; show?: string; approveIf?: string; require?: string };
}

export interface Sketch {
  inputs?: Record<string, Partial<InputSpec>>;
  env?: Record<string, string>;
  envFiles?: number;
  secrets?: string[];
  steps?: StepSketch[];
  finally?: StepSketch[];
  outputs?: Record<string, string>;
}

/** A workflow as sketched; its source is all its texts, one after the other. */
function build(sketch: Sketch): Workflow {
  const pen = new Pen();
  const env = pen.templates(sketch.env ?? {});
  const at = { start: 0, end: 0 };
  const steps = (sketch.steps ?? []).map((step, i) => pen.step(step, i, env, sketch.steps?.[i - 1]));
  const last = (sketch.finally ?? []).map((step, i) =>
    pen.step({ needs: [], ...step }, i + steps.length, env),
  );
  const outputs = Object.entries(sketch.outputs ?? {}).map(([name, text]) => {
    const expr = pen.bare(text);
    return [name, { parts: [expr], whole: true, at: expr.at }] as const;
  });
  const inputs = Object.entries(sketch.inputs ?? {}).map(
    ([name, spec]) => [name, { type: 'string', required: true, at, ...spec }] as const,
  );
  return {
    source: { path: 'w.yml', text: pen.text },
    sha256: '',
    name: 'w',
    inputs: Object.fromEntries(inputs),
    env,
    envFiles: Array.from({ length: sketch.envFiles ?? 0 }, () => ({ path: '.env', optional: true, at })),
    secrets: (sketch.secrets ?? []).map((name) => ({ name, at })),
    steps,
    finally: last,
    outputs: Object.fromEntries(outputs),
    files: {},
  };
}

/** What the check says of a sketch, as `code: the text it points at`. */
export function complaints(sketch: Sketch, opaque: readonly string[] = []): string[] {
  return diagnostics(sketch, opaque).map(({ diagnostic, marked }) => `${diagnostic.code}: ${marked}`);
}

export function diagnostics(
  sketch: Sketch,
  opaque: readonly string[] = [],
): { diagnostic: Diagnostic; marked: string }[] {
  const workflow = build(sketch);
  const found = checkExpressions(workflow, { opaque: new Set(opaque), path: 'w.yml', hasGit: true });
  return found.map((diagnostic) => ({
    diagnostic,
    marked: workflow.source.text.slice(diagnostic.at.start, diagnostic.at.end),
  }));
}

class Pen {
  text = '';

  template(value: string): Template {
    return readTemplate(this.#write(value), 'w.yml', fail);
  }

  bare(value: string): Expr {
    const expr = readBare(this.#write(value), 'w.yml', fail);
    if (expr === undefined) throw new Error(`no expression: ${value}`);
    return expr;
  }

  templates(texts: Record<string, string>): Record<string, Template> {
    return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, this.template(text)]));
  }

  step(sketch: StepSketch, i: number, env: Record<string, Template>, above?: StepSketch): Step {
    const id = asStepId(sketch.id ?? `step-${i + 1}`);
    const condition = sketch.if === undefined ? undefined : this.bare(sketch.if);
    const needs = sketch.needs ?? (i === 0 ? [] : [above?.id ?? `step-${i}`]);
    const common = {
      id,
      declared: sketch.id !== undefined,
      at: { start: 0, end: 0 },
      needs: needs.map(asStepId),
      needsAt: { start: 0, end: 0 },
      ...(condition === undefined ? {} : { if: condition }),
      ifDecides: condition !== undefined && callsStatusFunction(condition),
      env: { ...env, ...this.templates(sketch.env ?? {}) },
      ...(sketch.workingDirectory === undefined
        ? {}
        : { workingDirectory: this.template(sketch.workingDirectory) }),
      retry: { attempts: 1, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, on: [] },
      continueOnError: false,
    } as const;
    if (sketch.gate !== undefined) return this.#gate(sketch.gate, common);
    return sketch.prompt === undefined
      ? this.#run(sketch, common)
      : this.#prompt(sketch, sketch.prompt, common);
  }

  #run(sketch: StepSketch, common: Omit<RunStep, 'kind' | 'script' | 'outputs'>): RunStep {
    const shell = sketch.shell === undefined ? {} : { shell: sketch.shell };
    const script = this.template(sketch.run ?? 'true');
    return { ...common, kind: 'run', script, outputs: sketch.outputs ?? {}, ...shell };
  }

  #gate(
    { message, show, approveIf, require: required }: NonNullable<StepSketch['gate']>,
    common: Omit<RunStep, 'kind' | 'script' | 'outputs'>,
  ): GateStep {
    return {
      ...common,
      kind: 'gate',
      ...(message === undefined ? {} : { message: this.template(message) }),
      show: show === undefined ? [] : ['diff', this.bare(show)],
      options: ['approve', 'reject'],
      fields: {},
      onTimeout: 'reject',
      ...(approveIf === undefined ? {} : { approveIf: this.bare(approveIf) }),
      ...(required === undefined ? {} : { require: this.bare(required) }),
    };
  }

  #prompt(
    sketch: StepSketch,
    prompt: string,
    common: Omit<RunStep, 'kind' | 'script' | 'outputs'>,
  ): PromptStep {
    return {
      ...common,
      kind: 'prompt',
      prompt: this.template(prompt),
      engines: ['codex'],
      access: 'read',
      accessSaid: true,
      idleTimeoutMs: 1,
      quotaWaitMs: 1,
      undo: true,
      ...(sketch.system === undefined ? {} : { system: this.template(sketch.system) }),
      ...(sketch.model === undefined ? {} : { model: this.template(sketch.model) }),
      ...(sketch.output === undefined ? {} : { output: sketch.output }),
    };
  }

  #write(value: string): Text {
    const start = this.text.length;
    this.text += `${value}\n`;
    return textOf(value, { start });
  }
}

function fail(diagnostic: Diagnostic): never {
  throw new Error(`${diagnostic.code}: ${diagnostic.message}`);
}
