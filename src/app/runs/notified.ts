/** Has those told of a run who want to hear of it. */
import type { Milestone } from '../../model/event.ts';
import type { Controlled } from './control.ts';
import type { Execution } from './execution.ts';

/** Those who want to hear of a run. */
export interface Notifier {
  /** Hears what is committed. */
  hear(milestone: Milestone): void;
  /** Resolves when whoever was told has ended, or its time was up. */
  settled(): Promise<void>;
  /** Ends who is being told, and tells nobody any more. */
  stop(): void;
  /** Sentences about those that could not be told. */
  troubles(): readonly string[];
}

/** Undefined where nobody wants to hear; what tells them is not loaded then. Nobody is told of a run that is only tried. */
export async function notifierOf(e: Execution): Promise<Notifier | undefined> {
  if (e.config.notify === undefined || e.stage !== undefined) return undefined;
  const { notifier } = await import('./notify.ts');
  return notifier(e, e.config.notify);
}

/** The run as its controls see it: who interrupts it does not wait for those who are told of it. */
export function heardBy(run: Controlled, notify: Notifier | undefined): Controlled {
  if (notify === undefined) return run;
  return {
    ...run,
    stop: (kind, by) => {
      run.stop(kind, by);
      if (kind === 'interrupt') notify.stop();
    },
    stopNow: () => {
      run.stopNow();
      notify.stop();
    },
  };
}
