/** The first n of a list. */
export const first = (list, n) => list.slice(0, n);
