/** Says what an execution came from, so that it can be found by whoever would come from the same. */
import type { RunId } from './ids.ts';

/** Recordings: before an execution and after it, and of the shared tree in which it was begun. */
export interface CachedChange {
  readonly from: string;
  readonly to: string;
  readonly at: string;
}

/** What an execution came from: where all of it is the same, its result is too. */
export interface Fingerprint {
  /** Over the parts, hex. */
  readonly sha256: string;
  /** A digest for each thing that counts, by the key of the file that it comes from. */
  readonly parts: Readonly<Record<string, string>>;
  /** What it did to the files; absent where it may change none. */
  readonly change?: CachedChange;
  /** The run whose result this is; absent where it was worked for. */
  readonly 'taken-from'?: RunId;
}

/** What the fingerprint of a step is made of beside what an attempt is told. */
export interface CacheSpec {
  /** Globs, from the root of the shared tree, of files whose contents count. */
  readonly inputs: readonly string[];
  /** Variables of the caller whose values count. */
  readonly env: readonly string[];
}
