/** Hears somebody go away from a question. */
import { EXIT, type ExitCode } from '../model/exit.ts';

const LEAVING = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.terminated } as const;

/** Takes what asks away at Ctrl-C or at the end of a terminal; `code` is then what the command ends with. */
export function onLeaving(close: () => void): {
  readonly code: () => ExitCode | undefined;
  readonly stop: () => void;
} {
  let code: ExitCode | undefined;
  const handlers = (Object.keys(LEAVING) as (keyof typeof LEAVING)[]).map((signal) => {
    const leave = (): void => {
      code ??= LEAVING[signal];
      close();
    };
    process.on(signal, leave);
    return () => void process.off(signal, leave);
  });
  return {
    code: () => code,
    stop: () => {
      for (const stop of handlers) stop();
    },
  };
}
