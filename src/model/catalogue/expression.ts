/** Holds the words of the diagnostics about expressions. */

export const EXPRESSION_CODES = {};
