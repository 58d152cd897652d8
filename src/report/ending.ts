/** Sums a run up that was followed, when it has ended. */
import type { Watch } from './changes.ts';
import { folded } from './folded.ts';
import type { Out } from './out.ts';
import type { PlaceOf } from './run-annotations.ts';
import { type SummaryOptions, summary } from './summary.ts';

/** The files that differ; how many lines were added and removed, binary files left aside. */
export interface Lines {
  readonly files: readonly string[];
  readonly added: number;
  readonly removed: number;
}

/** What is known of a run besides its milestones; each where somebody can tell. */
export interface Known {
  /** Where a step stands in its file. */
  readonly placeOf?: PlaceOf;
  /** What differs from how the run found it; asked when it has ended, with the files that its attempts changed. */
  readonly linesOf?: (files: ReadonlySet<string>) => Promise<Lines | undefined>;
}

/** Where it is shown: a terminal has a width, a file or a pipe gets each line whole. */
type Screen = Pick<Out, 'columns' | 'isTTY'>;

/** The screen at the end of a run; harmless for a terminal. */
export async function ending(
  run: Watch,
  {
    linesOf,
    out,
    ...options
  }: Known & Pick<SummaryOptions, 'color' | 'plan' | 'all' | 'now'> & { readonly out: Screen },
): Promise<string> {
  const files = new Set([...run.changes.values()].flat());
  const lines = files.size === 0 ? undefined : await linesOf?.(files);
  const { color, plan, placeOf, all, now } = options;
  const text = summary(run.progress, {
    ...{ color, plan, placeOf, lines, changes: run.changes, tries: run.tries },
    ...(all === undefined ? {} : { all }),
    ...(now === undefined ? {} : { now }),
  });
  return out.isTTY === true && out.columns !== undefined ? folded(text, out.columns) : text;
}
