/** Waits until the disk has what SQLite wrote, without holding up the process meanwhile. */
import { close, fdatasync, openSync } from 'node:fs';
import type { Connection } from './driver.ts';
import { explain, StateError } from './problem.ts';

/** Waits for one database's log. */
export interface WalSync {
  /** Resolves when the disk has everything that was written before the call; rejects with a StateError where it cannot. */
  settled(): Promise<void>;
  /** From here on the connection waits for the disk itself again. */
  close(): void;
}

/**
 * Takes over from the connection what `synchronous = FULL` does after every commit, and does it in Node's thread pool: SQLite would wait for the disk (0.2–0.7 ms) on the
 * one thread that also starts children. The caller shows nothing before `settled`, so what was shown is stored; after a power
 * cut SQLite takes the log up to its last whole commit (https://www.sqlite.org/pragma.html#pragma_synchronous, NORMAL in WAL mode).
 * A descriptor of the log may be closed at any time: SQLite's locks are on its two other files.
 */
export function walSync(connection: Connection, database: string): WalSync {
  const file = `${database}-wal`;
  let descriptor: number | undefined;
  connection.pragma('synchronous = NORMAL');
  return {
    settled: () =>
      new Promise((resolve, reject) => {
        const failed = (error: unknown): void => {
          const { kind, message } = explain(error, file);
          reject(new StateError(kind, message, error));
        };
        try {
          descriptor ??= openSync(file, 'r');
          fdatasync(descriptor, (error) => (error === null ? resolve() : failed(error)));
        } catch (error) {
          failed(error);
        }
      }),
    close: () => {
      connection.pragma('synchronous = FULL');
      if (descriptor !== undefined) close(descriptor, () => undefined);
      descriptor = undefined;
    },
  };
}
