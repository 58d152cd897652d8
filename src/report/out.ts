/** Writes to a stream that may break under us. */

/** The part of a Node stream that is needed here; `process.stdout` and `process.stderr` fit. */
export interface Out {
  write(text: string, done?: (error?: Error | null) => void): unknown;
  readonly columns?: number;
  readonly rows?: number;
  readonly isTTY?: boolean;
  on?(event: 'error', listener: (error: Error) => void): unknown;
}

/** A stream on which nothing can go wrong any more. */
export interface Writer {
  write(text: string): void;
  /** Resolves when everything written so far has left, or can no longer leave. */
  flushed(): Promise<void>;
}

/**
 * A reader that went away (`| head -1`), a closed terminal or a full disk under the stream must not end a run that costs
 * money and is recorded elsewhere: after the first error nothing more is written.
 */
export function writer(out: Out): Writer {
  let broken = false;
  out.on?.('error', () => {
    broken = true;
  });
  return {
    write: (text) => {
      if (!broken) out.write(text);
    },
    flushed: () =>
      new Promise((resolve) => {
        if (broken) resolve();
        else out.write('', () => resolve());
      }),
  };
}
