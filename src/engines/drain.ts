/** Waits for the pipes of a child that has ended. */

/** Gives whether the pipes are still held after `ms`, or when everything must end at once. */
export function outlasts(closed: Promise<void>, hard: AbortSignal, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const decide = (held: boolean): void => {
      clearTimeout(timer);
      hard.removeEventListener('abort', giveUp);
      resolve(held);
    };
    // What already lies in the pipe is read in the next turn; our own slowness is no reason to lose it.
    const giveUp = (): void => void setImmediate(() => setImmediate(() => decide(true)));
    const timer = setTimeout(giveUp, ms);
    hard.addEventListener('abort', giveUp, { once: true });
    void closed.then(() => decide(false));
    if (hard.aborted) giveUp();
  });
}
