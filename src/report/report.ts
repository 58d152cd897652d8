/** Opens the reporter that suits the place where a run is shown. */
import type { Milestone } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import type { Clock, Reporter } from '../model/ports.ts';
import { type ChooseBy, chooseReporter } from './choose.ts';
import type { Known } from './ending.ts';
import type { Out } from './out.ts';

/** What a reporter is opened with. */
export interface ReporterOptions extends Known {
  /** `--json`: the event union on `out`, and nothing for people. */
  readonly json: boolean;
  readonly out: Out;
  readonly env: ChooseBy['env'];
  /** Whether people may be shown colours on `out`. */
  readonly color: boolean;
  readonly verbose: boolean;
  readonly plan: Plan | undefined;
  /** What happened before this process; it is summed up with the rest, and not shown again. */
  readonly history?: readonly Milestone[];
  readonly clock: Clock;
}

/** Opens a reporter; loads no more than that one. */
export async function openReporter(options: ReporterOptions): Promise<Reporter> {
  const { out, env, color, plan, verbose, history = [], clock, placeOf, linesOf } = options;
  const known: Known = {
    ...(placeOf === undefined ? {} : { placeOf }),
    ...(linesOf === undefined ? {} : { linesOf }),
  };
  switch (chooseReporter({ json: options.json, isTTY: out.isTTY === true, env })) {
    case 'jsonl': {
      const { jsonlReporter } = await import('./jsonl.ts');
      return jsonlReporter(out);
    }
    case 'github': {
      const { githubReporter } = await import('./github.ts');
      return githubReporter({ out, color, plan, verbose, history, ...known });
    }
    case 'live': {
      const { liveReporter } = await import('./live.ts');
      return liveReporter({ out, color, plan, history, clock, ...known });
    }
    case 'plain': {
      const { plainReporter } = await import('./plain.ts');
      return plainReporter({ out, color, plan, verbose, history, ...known });
    }
  }
}
