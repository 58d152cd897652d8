/** Adds to complaints the replacement of text that mends them, where only one can be right. */
import type { Diagnostic, Fix } from '../model/diagnostic.ts';
import type { SourceFile } from '../model/source.ts';
import type { RunStep, Workflow } from '../model/workflow.ts';
import { type ScriptFix, scriptFix } from './fixes-script.ts';
import { soleNear } from './suggest.ts';
import type { Node } from './tree.ts';

/** The complaints about `source`, with fixes. */
export function withFixes(
  diagnostics: readonly Diagnostic[],
  source: SourceFile,
  root: Node | undefined,
  workflow: Workflow | undefined,
): readonly Diagnostic[] {
  if (diagnostics.length === 0) return diagnostics;
  const scripts = new Map<RunStep, ScriptFix | undefined>();
  return diagnostics.map((d) => {
    if (d.fix !== undefined || d.path !== source.path) return d;
    const fix =
      d.code === 'data-in-run' && workflow !== undefined && root !== undefined
        ? dataFix(d, source, root, workflow, scripts)
        : (wordFix(d, source.text) ?? blockFix(d, source.text));
    return fix === undefined ? d : { ...d, fix };
  });
}

function dataFix(
  { at }: Diagnostic,
  source: SourceFile,
  root: Node,
  workflow: Workflow,
  known: Map<RunStep, ScriptFix | undefined>,
): Fix | undefined {
  const steps = [...workflow.steps, ...workflow.finally].filter(
    (step) => step.kind === 'run' && step.script.at.start <= at.start && at.end <= step.script.at.end,
  );
  const [step] = steps;
  // Where several steps have one script by an alias, the variables of one are not those of the others.
  if (step?.kind !== 'run' || steps.some((other) => other.at.start !== step.at.start)) return undefined;
  if (!known.has(step)) known.set(step, scriptFix(step, source.text, root));
  const fix = known.get(step);
  return fix?.mends.has(at.start) === true ? fix.fix : undefined;
}

function wordFix({ at, slip }: Diagnostic, text: string): Fix | undefined {
  if (slip === undefined) return undefined;
  const { wrong, meant, among } = slip;
  const written = text.slice(at.start, at.end);
  if (wrong === undefined) {
    const plain = /^(?:"[^"\\]*"|'[^']*'|[^\s"'|>&*!{}[\],#][^\n{}[\],]*)$/.test(written);
    return plain ? replacing(at.start, at.end, meant) : undefined;
  }
  if (soleNear(wrong, among) !== meant || !/^[\w.-]+$/.test(meant)) return undefined;
  const end = at.end - endAfter(written, wrong);
  const start = end - wrong.length;
  return start < at.start || !same(text.slice(start, end), wrong) ? undefined : replacing(start, end, meant);
}

function same(written: string, wrong: string): boolean {
  return written.toLowerCase() === wrong.toLowerCase();
}

// A word stands by itself, in quotes, behind the `*` of an alias, or as the last name of a chain: how much comes after it.
function endAfter(written: string, wrong: string): number {
  const closing = /^(?:["']|["']\s*\])$/.exec(
    written.slice(written.toLowerCase().lastIndexOf(wrong.toLowerCase()) + wrong.length),
  );
  return closing?.[0].length ?? 0;
}

function replacing(start: number, end: number, text: string): Fix {
  return { description: `write \`${text}\``, edits: [{ at: { start, end }, text }] };
}

// The last line end of a block goes by its header.
function blockFix({ code, at }: Diagnostic, text: string): Fix | undefined {
  if (code !== 'fence-newline') return undefined;
  const header = /^([|>])([+-]?)(\d?)([+-]?)/.exec(text.slice(at.start, at.end));
  if (header === null) return undefined;
  const [whole, kind, , indent] = header;
  return replacing(at.start, at.start + whole.length, `${kind}${indent}-`);
}
