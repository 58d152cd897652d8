/** How large the largest workflow of these tests is. */
export const MOST_STEPS = 5_000;
