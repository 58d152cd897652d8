/** Says no before anything ran, in words a person can act on. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { err } from '../model/result.ts';

/** Why a command was refused. Exit code 2. */
export interface Refusal {
  /** One sentence: the thing, the place. */
  readonly message: string;
  /** The next move. */
  readonly help?: string;
  /** What is wrong with the files, where that is the reason. */
  readonly diagnostics?: readonly Diagnostic[];
  /** The texts that the diagnostics point into, by path. */
  readonly sources?: ReadonlyMap<string, string>;
}

/** Refuses with a sentence. */
export function refuse(message: string, help?: string): Result<never, Refusal> {
  return err(help === undefined ? { message } : { message, help });
}
