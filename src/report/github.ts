/** Shows a run in a log of GitHub Actions, a group for each step. */
import type { HeardChatter, Milestone } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Reporter } from '../model/ports.ts';
import { watch } from './changes.ts';
import { cleanForGithub, oneLine } from './clean.ts';
import { ending, type Known } from './ending.ts';
import { sections } from './github-sections.ts';
import { lineBuffer } from './lines.ts';
import { milestoneLines } from './milestones.ts';
import { type Out, writer } from './out.ts';
import { painter } from './paint.ts';
import { isChatter } from './plain.ts';
import { runAnnotations } from './run-annotations.ts';
import { saidLine } from './said.ts';

const WIDEST = 200;

/** How a run is shown there. */
export interface GithubOptions extends Known {
  readonly out: Out;
  readonly color: boolean;
  readonly plan: Plan | undefined;
  /** Shows thoughts, results of tools and sessions too. */
  readonly verbose: boolean;
  /** What happened before this process; it is summed up, and not shown again. */
  readonly history?: readonly Milestone[];
}

/**
 * What a step says stands in its group, each line behind a bar, so that nothing of it begins a line; how it ended stands between the
 * groups, which GitHub shows folded. Annotations come last, the root cause first: of a kind the first ten count.
 */
export function githubReporter(options: GithubOptions): Reporter {
  const { color, plan, verbose, history } = options;
  const sink = writer(options.out);
  const paint = painter(color);
  const run = watch(history);
  const buffer = lineBuffer();
  const log = sections((text) => sink.write(text));
  let heard = false;

  const clean = (line: string): readonly string[] => cleanForGithub(line, options).split('\n');
  const output = (step: string, lines: readonly string[]): void =>
    log.say(
      step,
      lines.flatMap((line) => clean(line.replace(/\r$/, '')).map((part) => `| ${part}`)),
    );
  const flush = (step?: StepKey): void => {
    for (const rest of buffer.flush(step)) output(rest.step, [rest.line]);
  };
  const chatter = (event: HeardChatter): void => {
    if (event.type === 'output') output(event.step, buffer.push(event.step, event.stream, event.text));
    else log.say(event.step, saidLine(event, { verbose, paint }).flatMap(clean));
  };
  const milestone = (event: Milestone): void => {
    run.hear(event);
    const lines = milestoneLines(event, { verbose, paint, progress: run.progress }).flatMap(clean);
    if (event.type === 'step-started' && isTalker(event)) log.begin(event.step, titleOf(event));
    else if (isEnd(event)) {
      flush(event.step);
      log.end(event.step, lines);
    } else if ('step' in event) log.about(event.step, lines);
    else log.between(lines);
  };
  return {
    hear: (event) => {
      heard = true;
      if (isChatter(event)) chatter(event);
      else milestone(event);
    },
    close: async () => {
      flush();
      log.close();
      if (heard) {
        const { progress } = run;
        const { placeOf } = options;
        const notes = runAnnotations(progress, { plan, placeOf });
        sink.write(notes.map((line) => `${line}\n`).join(''));
        sink.write(`\n${cleanForGithub(await ending(run, options), options)}`);
      }
      await sink.flushed();
    },
  };
}

type Started = Extract<Milestone, { type: 'step-started' }>;

/** Whether it may say something itself; what is made of other steps has nothing to fold. */
function isTalker({ kind }: Started): boolean {
  return kind === 'run' || kind === 'prompt';
}

function titleOf({ step, attempt, engine, model }: Started): string {
  const again = attempt > 1 ? `attempt ${attempt}` : undefined;
  const facts = [step, engine, model, again].filter((fact) => fact !== undefined);
  return oneLine(facts.join(' · '), WIDEST);
}

function isEnd(
  m: Milestone,
): m is Extract<Milestone, { type: 'step-succeeded' | 'step-failed' | 'step-canceled' }> {
  return m.type === 'step-succeeded' || m.type === 'step-failed' || m.type === 'step-canceled';
}
