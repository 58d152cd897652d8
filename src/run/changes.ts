/** Finds out what the run has changed, for expressions that ask for it. */
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import type { Json, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Scope } from '../model/scope.ts';
import type { Step } from '../model/workflow.ts';
import type { Phase } from './phase.ts';
import type { Rank } from './room.ts';
import type { Running } from './running.ts';

const CALL = /\bchanged\s*\(/i;

/** Whether an expression may call `changed()`; one that has the word in a text is looked at for nothing. */
export function asksForChanges(expr: { readonly text: string } | undefined): boolean {
  return expr !== undefined && CALL.test(expr.text);
}

const known = new WeakMap<Step, boolean>();

/** Whether any expression of a step calls it, those of its body and of a used workflow aside. */
export function usesChanges(step: Step): boolean {
  let uses = known.get(step);
  if (uses === undefined) {
    const {
      steps: _,
      part: __,
      ...own
    } = step as Step & { readonly steps?: unknown; readonly part?: unknown };
    uses = mentions(own);
    known.set(step, uses);
  }
  return uses;
}

function mentions(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ('text' in value && typeof value.text === 'string' && CALL.test(value.text)) return true;
  return Object.values(value).some(mentions);
}

/** The paths that differ from the tree in which the run was begun. To be called while nobody writes to the tree. */
export async function lookAtChanges(
  { input }: Running,
  key: StepKey,
): Promise<Result<readonly string[], Failure>> {
  const { workspace, treeAtStart } = input.ports;
  const from = await treeAtStart?.();
  if (from?.ok === false) return from;
  if (workspace === undefined || from?.value === undefined) {
    const message = `\`${key}\` asks for what the run has changed, and the start of the run was not recorded`;
    return err({ reason: 'config', message });
  }
  const now = await workspace.record(input.run, `${key}.changed`, from.value);
  return now.ok ? ok(now.value.files) : now;
}

/** The same, in a turn in which nobody writes to the tree; undefined where nothing goes on. */
export async function lookInTurn(
  run: Running,
  phase: Phase,
  { key, remaining, index }: Rank & { readonly key: StepKey },
): Promise<Result<readonly string[], Failure> | undefined> {
  const leave = await phase.room.enter({ remaining, index, tree: 'share', placeless: true });
  if (leave === undefined) return undefined;
  try {
    return await lookAtChanges(run, key);
  } finally {
    leave();
  }
}

/** The scope of expressions that are evaluated now, with what the run has changed until now. */
export function withChanges(run: Running, scope: Scope, files: readonly string[]): Scope {
  const { match, toText } = run.input.ports;
  const changed = (...globs: readonly Json[]): boolean => {
    const written = globs.map(toText);
    return files.some((file) => match?.(file, written) === true);
  };
  return { ...scope, functions: { ...scope.functions, changed } };
}
