/** Adds to complaints the replacement of text that mends them, where only one can be right. */
import type { Diagnostic, Fix } from '../model/diagnostic.ts';
import { ownSteps } from '../model/parts.ts';
import type { Range, SourceFile } from '../model/source.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import { type ScriptFix, scriptFix } from './fixes-script.ts';
import { soleNear } from './suggest.ts';
import { child, type MapNode, type Node } from './tree.ts';

/** The complaints about `source`, with fixes. */
export function withFixes(
  diagnostics: readonly Diagnostic[],
  source: SourceFile,
  root: Node | undefined,
  workflow: Workflow | undefined,
): readonly Diagnostic[] {
  if (diagnostics.length === 0) return diagnostics;
  let scripts: ((at: Range) => Fix | undefined) | undefined;
  return diagnostics.map((d) => {
    if (d.fix !== undefined || d.path !== source.path) return d;
    let fix: Fix | undefined;
    if (d.code === 'data-in-run' && workflow !== undefined && root !== undefined) {
      scripts ??= scriptFixes(source, root, workflow);
      fix = scripts(d.at);
    } else fix = wordFix(d, source.text) ?? blockFix(d, source.text);
    return fix === undefined ? d : { ...d, fix };
  });
}

/** Gives the fix for data at a place; that of a step is made once. */
function scriptFixes(source: SourceFile, root: Node, workflow: Workflow): (at: Range) => Fix | undefined {
  const steps = [...ownSteps(workflow)].sort((a, b) => a.at.start - b.at.start);
  const nodes = new Map<number, MapNode>();
  const collect = (list: Node | undefined): void => {
    for (const item of list?.kind === 'list' ? list.items : []) {
      if (item.kind === 'map') nodes.set(item.at.start, item);
      collect(child(child(item, 'loop'), 'steps'));
    }
  };
  for (const key of ['steps', 'finally']) collect(child(root, key));
  const around = (at: Range) => stepAround(steps, at);
  // Where a script is another step's too, by an alias, the variables of one are not those of the other.
  const shared = new Set(
    steps.flatMap((step) =>
      step.kind === 'run' && !within(step.script.at, step.at) ? (around(step.script.at)?.at.start ?? []) : [],
    ),
  );
  const known = new Map<number, ScriptFix | undefined>();
  return (at) => {
    const step = around(at);
    const node = nodes.get(step?.at.start ?? -1);
    if (step === undefined || node === undefined || shared.has(node.at.start)) return undefined;
    if (!known.has(node.at.start)) known.set(node.at.start, scriptFix(step, node, source.text));
    const fix = known.get(node.at.start);
    return fix?.mends.has(at.start) === true ? fix.fix : undefined;
  };
}

function stepAround(steps: readonly Step[], at: Range): Step | undefined {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle]?.at.start ?? 0) <= at.start) low = middle + 1;
    else high = middle;
  }
  const step = steps[low - 1];
  return step !== undefined && within(at, step.at) ? step : undefined;
}

function within(inner: Range, outer: Range): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
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
