/** Names a scalar of the file together with the way back from its value to its source. */
import type { Range } from '../model/source.ts';

/** A scalar as it was written. */
export interface Text {
  /** What YAML says the scalar means. */
  readonly value: string;
  /** The whole scalar in the source, quotes or block header included. */
  readonly at: Range;
  /** The source offset of the character at `index` of `value`; `value.length` gives the place after the last. */
  offset(index: number): number;
  /** Whether it is a block scalar (`|` or `>`). */
  readonly block: boolean;
}
