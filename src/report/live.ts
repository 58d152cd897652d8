/** Shows a run as rows that change in place: a passive view of its state, drawn by listr2. */
import type { ListrTask, Listr as ListrType } from 'listr2';
import type { HeardChatter, Milestone } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Clock, Reporter } from '../model/ports.ts';
import { watch } from './changes.ts';
import { ending, type Known } from './ending.ts';
import { liveRows, MOST_ROWS } from './live-rows.ts';
import { type Out, writer } from './out.ts';
import { painter } from './paint.ts';
import { isChatter } from './plain.ts';

/** Five times a second: a terminal shows no more that people can use, and each drawing measures every row. */
const TICK_MS = 200;

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Rows are left for the prompt and the line above it. */
const SPARE_ROWS = 2;
const USUAL_ROWS = 24;

const SHOW_CURSOR = '\x1b[?25h';

/** How a run is shown live. */
export interface LiveOptions extends Known {
  /** A terminal. */
  readonly out: Out;
  readonly color: boolean;
  readonly plan: Plan | undefined;
  readonly history?: readonly Milestone[];
  readonly clock: Clock;
}

/** Draws the run until it is closed, then takes the rows away and sums up. */
export function liveReporter(options: LiveOptions): Reporter {
  const { out, color, plan, clock } = options;
  const run = watch(options.history);
  const newest = new Map<StepKey, HeardChatter>();
  const paint = painter(color);
  let frame = 0;
  let drawing: ReturnType<typeof draw> | undefined;
  let begun = false;
  let aside = false;
  let closed = false;
  const rows = (): readonly string[] => {
    const spinner = FRAMES[frame++ % FRAMES.length] ?? '';
    const room = (out.rows ?? USUAL_ROWS) - SPARE_ROWS;
    return liveRows(run.progress, { plan, newest, paint, spinner, room, now: clock.now() });
  };
  const sink = writer(out);
  return {
    hear: (event) => {
      // Not before: until a run goes on, people may be asked something in the same place.
      begun = true;
      if (!aside) drawing ??= draw(options, rows);
      if (isChatter(event)) {
        // What uses nobody's words must not hide the words before it.
        if (event.type === 'output' || event.what !== 'usage') newest.set(event.step, event);
        return;
      }
      run.hear(event);
      if (event.type === 'step-succeeded' || event.type === 'step-failed') newest.delete(event.step);
    },
    aside: async () => {
      aside = true;
      const drawn = drawing;
      drawing = undefined;
      await drawn?.end();
      return () => {
        aside = false;
        if (!closed) drawing ??= draw(options, rows);
      };
    },
    close: async () => {
      closed = true;
      await drawing?.end();
      if (begun) sink.write(await ending(run, options));
      await sink.flushed();
    },
  };
}

/**
 * Draws `rows` at every tick until it is ended. listr2 believes that it runs one task for each row; we write their titles
 * without its setters, which would draw all rows anew for each.
 */
function draw(options: LiveOptions, rows: () => readonly string[]): { end(): Promise<void> } {
  let finish: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const drawn = start(options, rows, over);
  // Looked at in `end`; until then nobody waits for it, and a rejection nobody waits for ends the process.
  drawn.catch(() => undefined);
  return {
    end: async () => {
      finish();
      await drawn;
    },
  };
}

async function start(
  options: LiveOptions,
  rows: () => readonly string[],
  over: Promise<void>,
): Promise<void> {
  const listr2 = await import('listr2');
  const { Listr, ListrLogger, ProcessOutput } = listr2;
  const out = options.out as NodeJS.WriteStream;
  // Given the same stream twice: it would hold back standard error to the end, and what was held back is lost with a crash.
  const processOutput = new ProcessOutput(out, out, { leaveEmptyLine: false });
  const rendererOptions = {
    logger: new ListrLogger({ useIcons: false, processOutput }),
    icon: Object.fromEntries(Object.values(listr2.ListrDefaultRendererLogLevels).map((level) => [level, ''])),
    spinner: ticker(new listr2.Spinner(), options.clock, () => show(listr, rows())),
    clearOutput: true,
    formatOutput: 'truncate' as const,
  };
  const slot: ListrTask = { title: ' ', task: () => over };
  const listr: ListrType = new Listr(
    Array.from({ length: MOST_ROWS }, () => slot),
    {
      concurrent: true,
      exitOnError: false,
      // Signals are the program's: listr2 would end the process with the run half stopped.
      registerSignalListeners: false,
      // It asks whether standard output is a terminal; who shows what was decided before, so both ways lead to one renderer.
      renderer: 'default',
      rendererOptions,
      fallbackRenderer: 'default',
      fallbackRendererOptions: rendererOptions,
    },
  ) as ListrType;
  // Who leaves at once (a second Ctrl-C) closes nobody. listr2 shows the cursor again then only where standard error is a terminal.
  const giveBack = (): void => void processOutput.toStdout(SHOW_CURSOR, false);
  process.once('exit', giveBack);
  await listr.run();
  process.off('exit', giveBack);
}

function show(listr: ListrType, rows: readonly string[]): void {
  for (const [index, task] of listr.tasks.entries()) {
    // A row without a title takes no line.
    task.title = rows[index] ?? '';
  }
}

/** listr2's own spinner draws ten times a second, on a timer that cannot be handed in. */
function ticker<Spinner extends { start(draw?: () => void): void; fetch(): string; stop(): void }>(
  spinner: Spinner,
  clock: Clock,
  prepare: () => void,
): Spinner {
  let cancel: () => void = () => undefined;
  spinner.start = (drawRows) => {
    const tick = (): void => {
      prepare();
      drawRows?.();
      cancel = clock.after(TICK_MS, tick);
    };
    cancel = clock.after(0, tick);
  };
  spinner.fetch = () => '';
  spinner.stop = () => cancel();
  return spinner;
}
