/** Gives the tables of codes their types. */
/** How bad it is: an error refuses the file, a warning does not. */
export type Severity = 'error' | 'warning';

/** A word that was most likely miswritten. */
export interface Slip {
  /** The word as it stands there; undefined where the whole place is to be written anew. */
  readonly wrong?: string;
  readonly meant: string;
  /** What else it could have been; a slip is mended by itself only where nothing else comes near. */
  readonly among: readonly string[];
}

/** One kind of complaint: how bad it is, and the words for it. */
export interface Entry<Args> {
  readonly severity: Severity;
  /** What is wrong, one sentence without a full stop. */
  readonly message: (args: Args) => string;
  /** What to write instead, one sentence without a full stop. Bare carets leave the reader alone, so there always is one. */
  readonly suggestion: (args: Args) => string;
  /** The word that was meant, where the complaint is about a word. */
  readonly slip?: (args: Args) => Slip | undefined;
}

/** An error: the file is refused. */
export function error<Args>(
  message: Entry<Args>['message'],
  suggestion: Entry<Args>['suggestion'],
  slip?: Entry<Args>['slip'],
): Entry<Args> {
  return { severity: 'error', message, suggestion, ...(slip === undefined ? {} : { slip }) };
}

/** A warning: the file is taken. */
export function warning<Args>(
  message: Entry<Args>['message'],
  suggestion: Entry<Args>['suggestion'],
  slip?: Entry<Args>['slip'],
): Entry<Args> {
  return { severity: 'warning', message, suggestion, ...(slip === undefined ? {} : { slip }) };
}

/** The slip of a word, where there is a word that comes near. */
export function slipOf(
  wrong: string,
  meant: string | undefined,
  among: readonly string[] = [],
): Slip | undefined {
  return meant === undefined ? undefined : { wrong, meant, among };
}
