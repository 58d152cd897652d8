/** Keeps each engine to the number of attempts that its owner allows at once. */
import pLimit from 'p-limit';

/** Starts something when the engine has room for it; at once where the engine has no limit. */
export type Limited = <T>(engine: string | undefined, start: () => Promise<T>) => Promise<T>;

/** Makes the queues, one per engine that has a limit. */
export function limitEngines(limits: Readonly<Record<string, number>>): Limited {
  const queues = new Map(Object.entries(limits).map(([engine, most]) => [engine, pLimit(most)]));
  return (engine, start) => {
    const queue = engine === undefined ? undefined : queues.get(engine);
    return queue === undefined ? start() : queue(start);
  };
}
