/** Gives the tables of codes their types. */
/** How bad it is: an error refuses the file, a warning does not. */
export type Severity = 'error' | 'warning';

/** One kind of complaint: how bad it is, and the words for it. */
export interface Entry<Args> {
  readonly severity: Severity;
  /** What is wrong, one sentence without a full stop. */
  readonly message: (args: Args) => string;
  /** What to write instead, one sentence without a full stop. Bare carets leave the reader alone, so there always is one. */
  readonly suggestion: (args: Args) => string;
}

/** An error: the file is refused. */
export function error<Args>(
  message: Entry<Args>['message'],
  suggestion: Entry<Args>['suggestion'],
): Entry<Args> {
  return { severity: 'error', message, suggestion };
}

/** A warning: the file is taken. */
export function warning<Args>(
  message: Entry<Args>['message'],
  suggestion: Entry<Args>['suggestion'],
): Entry<Args> {
  return { severity: 'warning', message, suggestion };
}
