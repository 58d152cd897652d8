/** Says what a gate shows. */
import type { Expr, Template } from './expression.ts';
import type { StepKey } from './ids.ts';
import type { Json } from './result.ts';

/** What is shown at a gate: what the run has changed, files that steps kept, or what an expression comes to. */
export type GateShow = 'diff' | ShowArtifacts | Expr;

/** The files that fit a glob, of those that steps kept which have ended before the gate. */
export interface ShowArtifacts {
  /** As it is written, `artifact:` included. */
  readonly artifacts: Template;
}

/** What a glob of kept files begins with. */
export const ARTIFACT = 'artifact:';

/** One thing that is shown at a gate. */
export interface Shown {
  /** As the file says it: `diff`, `artifact:<glob>` with its expressions filled in, or an expression. */
  readonly show: string;
  /** What the expression came to. */
  readonly value?: Json;
  /** What the run has changed until then: two recordings, and the paths that differ. */
  readonly diff?: { readonly from: string; readonly to: string; readonly files: readonly string[] };
  /** The kept files that fit the glob, in the order of their steps; empty where none does. */
  readonly artifacts?: readonly ShownArtifact[];
}

/** A kept file as somebody is shown it. */
export interface ShownArtifact {
  readonly step: StepKey;
  readonly path: string;
  /** Of the kept copy, in hex. */
  readonly sha256: string;
  /** The size of the kept copy. */
  readonly bytes: number;
  /** What is in the kept copy, where that is a short text. */
  readonly text?: string;
  /** Whether the shared tree holds the same under this path, something else, or no file. */
  readonly tree: 'same' | 'differs' | 'missing';
}
