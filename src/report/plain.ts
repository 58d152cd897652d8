/** Shows a run line by line, for logs and for terminals that can do no more. */
import type { Event, HeardChatter, Milestone } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Reporter } from '../model/ports.ts';
import { watch } from './changes.ts';
import { cleanForTerminal } from './clean.ts';
import { ending, type Known } from './ending.ts';
import { lineBuffer } from './lines.ts';
import { milestoneLines } from './milestones.ts';
import { type Out, writer } from './out.ts';
import { painter } from './paint.ts';
import { saidLine } from './said.ts';

/** How a run is shown line by line. */
export interface PlainOptions extends Known {
  readonly out: Out;
  readonly color: boolean;
  /** Without it the summary cannot tell what was still to come. */
  readonly plan: Plan | undefined;
  /** Shows thoughts, results of tools and sessions too. */
  readonly verbose: boolean;
  /** What happened before this process; it is summed up, and not shown again. */
  readonly history?: readonly Milestone[];
}

/** Shows milestones as sentences and output as `step | line`; sums up when it is closed. */
export function plainReporter(options: PlainOptions): Reporter {
  const { color, verbose } = options;
  const sink = writer(options.out);
  const clean = cleanForTerminal;
  const paint = painter(color);
  const run = watch(options.history);
  const buffer = lineBuffer();
  let heard = false;
  let held: Held | undefined;

  // One write for all lines of an event: a chatty child would pay a system call for each.
  const print = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    const text = `${clean(lines.join('\n'), options)}\n`;
    if (held === undefined) sink.write(text);
    else held.add(text);
  };
  // Lines between a question and its answer would tear the line on which somebody is typing.
  const letGo = (): void => {
    if (held !== undefined) sink.write(held.all());
    held = undefined;
  };
  const output = (step: string, lines: readonly string[]): void => {
    print(prefixed(paint.dim(`${step} |`), lines, (line) => clean(line, options)));
  };
  const flush = (step?: StepKey): void => {
    for (const rest of buffer.flush(step)) output(rest.step, [rest.line]);
  };
  const chatter = (event: HeardChatter): void => {
    if (event.type === 'output') output(event.step, buffer.push(event.step, event.stream, event.text));
    else print(saidLine(event, { verbose, paint }));
  };
  const milestone = (event: Milestone): void => {
    run.hear(event);
    if (endsAttempt(event)) flush(event.step);
    print(milestoneLines(event, { verbose, paint, progress: run.progress }));
  };
  return {
    hear: (event) => {
      heard = true;
      if (isChatter(event)) chatter(event);
      else milestone(event);
    },
    aside: () => {
      held ??= holding();
      return Promise.resolve(letGo);
    },
    close: async () => {
      flush();
      letGo();
      if (heard) sink.write(`\n${clean(await ending(run, options), options)}`);
      await sink.flushed();
    },
  };
}

function prefixed(
  prefix: string,
  lines: readonly string[],
  clean: (line: string) => string,
): readonly string[] {
  return lines.flatMap((line) =>
    clean(line.replace(/\r$/, ''))
      .split('\n')
      .map((part) => `${prefix} ${part}`),
  );
}

/** Lines that wait until a question is answered. */
interface Held {
  add(text: string): void;
  all(): string;
}

/** An hour of a chatty child is nothing that anybody reads afterwards. In characters. */
const MOST_HELD = 256 * 1024;

function holding(): Held {
  const texts: string[] = [];
  let length = 0;
  let dropped = 0;
  return {
    add: (text) => {
      texts.push(text);
      length += text.length;
      while (length > MOST_HELD && texts.length > 1) {
        length -= texts.shift()?.length ?? 0;
        dropped++;
      }
    },
    all: () => {
      const left = dropped === 0 ? '' : `… what came before is left out here; \`codemachine logs\` has it\n`;
      return `${left}${texts.join('')}`;
    },
  };
}

/** Whether an event is for watching only. */
export function isChatter(event: Event): event is HeardChatter {
  return event.type === 'output' || event.type === 'said';
}

function endsAttempt(
  m: Milestone,
): m is Extract<Milestone, { type: 'step-succeeded' | 'step-failed' | 'step-canceled' }> {
  return m.type === 'step-succeeded' || m.type === 'step-failed' || m.type === 'step-canceled';
}
