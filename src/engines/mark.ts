/** Makes the marks by which a run knows its children again. */

/** The variable that carries the mark. A child's children inherit it, also those that left the process group. */
export const MARK_VARIABLE = 'CODEMACHINE_MARK';

/** Whose child it is. */
export interface MarkOf {
  readonly run: string;
  /** Grows with each owner of the run, so that the watcher of a dead owner leaves the children of the next one alone. */
  readonly epoch: number;
  /** The attempt's directory, which names step and attempt. */
  readonly directory: string;
}

/**
 * The mark of one attempt's children.
 * @param outer the mark that we carry ourselves when we run inside another run; it stays, so that both runs find the child
 */
export function makeMark(outer: string | undefined, { run, epoch, directory }: MarkOf): string {
  return `${outer ?? ''};${run}.${epoch}.${directory};`;
}

/** The innermost of nested marks: a run, or whoever else asked, and what of it. */
const MARK = /;[^;.]+\.[^;]+;$/;

/** Which owner of which run the mark's attempt belongs to: the innermost, where runs are nested. */
export function ownerOf(mark: string): { readonly run: string; readonly epoch: string } {
  const [run = '', epoch = ''] = attemptPattern(mark).slice(1).split('.');
  return { run, epoch };
}

/**
 * What only this attempt's children carry. Throws for what is no mark: a piece of it may be in the environment of any process, and
 * whatever carries the pattern is ended.
 */
export function attemptPattern(mark: string): string {
  const pattern = MARK.exec(mark)?.[0];
  if (pattern === undefined) throw new Error(`${JSON.stringify(mark)} is no mark of an attempt`);
  return pattern;
}

/** What the children of a run carry, whoever started them. */
export function runPattern(run: string): string {
  return `;${run}.`;
}

/** What the children of one owner of a run carry. */
export function ownerPattern(run: string, epoch: number): string {
  return `;${run}.${epoch}.`;
}
