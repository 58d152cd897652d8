/** Says no before anything ran, in words a person can act on. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { err } from '../model/result.ts';
import type { ErrorCode } from './programs.ts';

/** Why a command was refused. Exit code 2. */
export interface Refusal {
  /** One sentence: the thing, the place. */
  readonly message: string;
  /** The next move. */
  readonly help?: string;
  /** For programs; without one, it is that of the diagnostics, or says no more than that it was refused. */
  readonly code?: ErrorCode;
  /** What is wrong with the files, where that is the reason. */
  readonly diagnostics?: readonly Diagnostic[];
  /** The texts that the diagnostics point into, by path. */
  readonly sources?: ReadonlyMap<string, string>;
}

/** Refuses with a sentence. */
export function refuse(message: string, help?: string, code?: ErrorCode): Result<never, Refusal> {
  return err({
    message,
    ...(help === undefined ? {} : { help }),
    ...(code === undefined ? {} : { code }),
  });
}
