/** Shows a run at the command line while it goes on. */
import { createInterface } from 'node:readline/promises';
import type { Milestone } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import type { Reporter } from '../model/ports.ts';
import { openReporter } from '../report/report.ts';
import type { UndoQuestion } from '../run/running.ts';
import { CLOCK } from './clock.ts';
import { colorOn, harmless, ours } from './print.ts';

/** What the flags of `run` and `resume` say about how it is shown. */
export interface ShowFlags {
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Opens the reporter: with `--json` standard output holds the events and nothing else. */
export function presenter(
  flags: ShowFlags,
): (plan: Plan | undefined, history: readonly Milestone[]) => Promise<Reporter> {
  outliveListeners();
  return (plan, history) =>
    openReporter({
      json: flags.json,
      out: process.stdout,
      env: process.env,
      color: colorOn(process.stdout, process.env),
      verbose: flags.verbose,
      plan,
      history,
      clock: CLOCK,
    });
}

/**
 * Whoever listens may go: a closed terminal, `| head`. Unheard, the error of the next write would end the run in the middle.
 * oclif hears it, and throws it again unless it is EPIPE, so its listener goes first.
 */
function outliveListeners(): void {
  for (const out of [process.stdout, process.stderr]) {
    out.removeAllListeners('error');
    out.on('error', () => undefined);
  }
}

/** Says something to people, never on standard output. */
export function tell(sentence: string): void {
  process.stderr.write(harmless(ours(sentence), process.stderr, process.env));
}

/** Says that a run that was followed has nobody who goes on with it. */
export function tellAbandoned(run: string): void {
  tell(`nobody runs ${run} any more, its process died; go on with \`codemachine resume ${run}\``);
}

/** Whether somebody sits there who can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && !process.env['CI'];
}

const MOST_SHOWN = 20;

const LEAVING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Asks what becomes of edits that an undo would take away. Who goes away instead of answering has said stop. */
export async function askUndo(
  question: UndoQuestion & { readonly run: string },
): Promise<'undo' | 'keep' | 'stop'> {
  const { step, attempt, why, files } = question;
  const what =
    why === 'crashed'
      ? `${step} (attempt ${attempt}) was cut off. Since it started, these files have changed:`
      : `After ${step} (attempt ${attempt}) was stopped, somebody edited files that it had changed:`;
  const more = files.length > MOST_SHOWN ? `\n  … and ${files.length - MOST_SHOWN} more` : '';
  const list = files.slice(0, MOST_SHOWN).map((file) => `  ${JSON.stringify(file).slice(1, -1)}`);
  process.stderr.write(`${what}\n${list.join('\n')}${more}\n`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Node leaves a question open, or rejects it, when Ctrl-C or the end of input closes the terminal under it.
  const gone = new Promise<string>((resolve) => lines.once('close', () => resolve('stop')));
  const leave = (): void => lines.close();
  for (const signal of LEAVING) process.on(signal, leave);
  try {
    for (;;) {
      const asked = lines.question('[u]ndo them (they stay recorded), [k]eep them, or [s]top? ');
      const answer = await Promise.race([asked.catch(() => gone), gone]);
      const found = (['undo', 'keep', 'stop'] as const).find(
        (one) => answer !== '' && one.startsWith(answer.toLowerCase()),
      );
      if (found !== undefined) return found;
    }
  } finally {
    for (const signal of LEAVING) process.off(signal, leave);
    lines.close();
  }
}
