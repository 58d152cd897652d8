/** Tells CI how a run went. */
import type { Milestone } from '../../model/event.ts';
import type { Plan } from '../../model/plan.ts';
import type { Reporter } from '../../model/ports.ts';
import { watch } from '../../report/changes.ts';
import { isChatter } from '../../report/plain.ts';
import type { PlaceOf } from '../../report/run-annotations.ts';
import { runJunit } from '../../report/run-junit.ts';
import { keepJunit } from '../junit-file.ts';

/** What the file is written from. */
interface Junit {
  readonly file: string;
  readonly plan: Plan | undefined;
  readonly history: readonly Milestone[];
  readonly placeOf?: PlaceOf | undefined;
  readonly tell: (sentence: string) => void;
}

/** Has the file written when the reporter is closed, however the run stands then: it ended, parked, or was stopped. */
export function withJunit(reporter: Reporter, { file, plan, history, placeOf, tell }: Junit): Reporter {
  const run = watch(history);
  let heard = false;
  return {
    ...reporter,
    hear: (event) => {
      heard = true;
      reporter.hear(event);
      if (!isChatter(event)) run.hear(event);
    },
    close: async () => {
      await reporter.close();
      // Who is refused has no run to tell of.
      if (!heard) return;
      // The run is recorded: a full disk under this file does not make it another one.
      const unwritten = keepJunit(file, runJunit(run.progress, { plan, tries: run.tries, placeOf }));
      if (unwritten !== undefined) tell(unwritten);
    },
  };
}
