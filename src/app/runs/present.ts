/** Shows a run at the command line while it goes on. */
import { createInterface } from 'node:readline/promises';
import type { Milestone } from '../../model/event.ts';
import { fileName } from '../../model/file-name.ts';
import type { Plan } from '../../model/plan.ts';
import type { Reporter } from '../../model/ports.ts';
import type { Known } from '../../report/ending.ts';
import { openReporter } from '../../report/report.ts';
import type { UndoQuestion } from '../../run/running.ts';
import { CLOCK } from '../clock.ts';
import { type Behind, maskLines, takeRunner, telling } from '../github.ts';
import { colorOn, harmless, ours } from '../print.ts';
import type { TreeQuestion } from '../trees/back.ts';
import { changedLines } from '../trees/changed-lines.ts';
import { sinceWords } from '../trees/undone.ts';
import { placesIn } from './step-places.ts';

/** What the flags of `run` and `resume` say about how it is shown. */
export interface ShowFlags {
  readonly json: boolean;
  readonly verbose: boolean;
  /** A file for JUnit XML. */
  readonly junit?: string | undefined;
  /** Where it is shown; standard output, where nothing else is to stand there. */
  readonly out?: NodeJS.WriteStream;
}

/** Opens a reporter for a plan, given what happened before; `behind` is told to GitHub Actions too. */
type Present = (
  plan: Plan | undefined,
  history: readonly Milestone[],
  behind?: Behind,
  known?: Known,
) => Promise<Reporter>;

/** Opens the reporter: with `--json` standard output holds the events and nothing else. GitHub Actions is told besides. */
export function presenter(flags: ShowFlags): Present {
  outliveListeners();
  const runner = takeRunner(process.env);
  const out = flags.out ?? process.stdout;
  return async (plan, history, behind, known = knownOf(behind)) => {
    const open = async (): Promise<Reporter> => {
      const reporter = await openReporter({
        json: flags.json,
        out,
        env: process.env,
        color: colorOn(out, process.env),
        verbose: flags.verbose,
        plan,
        history,
        clock: CLOCK,
        ...known,
      });
      if (flags.junit === undefined) return reporter;
      const { withJunit } = await import('./junit.ts');
      return withJunit(reporter, { file: flags.junit, plan, history, ...known, tell });
    };
    if (runner === undefined || plan === undefined || behind === undefined) return open();
    // On standard error, since the other stream may be read by somebody who is to have nothing but events.
    if (runner.reads) process.stderr.write(maskLines(behind.masked));
    const reporter = await open();
    return telling(reporter, { runner, plan, behind, tell });
  };
}

function knownOf(behind: Behind | undefined): Known {
  if (behind === undefined) return {};
  const { workflow, workspace, state, record } = behind;
  return {
    placeOf: placesIn(workflow, record.path),
    linesOf: (files) => changedLines(workspace, record.id, state.history(record.id), files),
  };
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

/** What nobody can type in one line. */
const GONE = '\n';

const LEAVING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Asks what becomes of edits that an undo would take away. Who goes away instead of answering has said stop. */
export async function askUndo(
  question: UndoQuestion & { readonly run: string },
): Promise<'undo' | 'keep' | 'stop'> {
  const { step, attempt, why, files } = question;
  if (question.merging === true) return askMerge(question);
  const what =
    why === 'crashed'
      ? `${step} (attempt ${attempt}) was cut off. Since it started, these files have changed${question.head === undefined ? '' : ', and HEAD has moved'}:`
      : `After ${step} (attempt ${attempt}) was stopped, somebody edited files that it had changed:`;
  process.stderr.write(`${what}\n${listOf(files)}`);
  for (const one of sinceWords(question)) tell(one);
  return (
    (await choose('[u]ndo them (they stay recorded), [k]eep them, or [s]top? ', ['undo', 'keep', 'stop'])) ??
    'stop'
  );
}

async function askMerge(question: UndoQuestion): Promise<'undo' | 'keep' | 'stop'> {
  const { step, attempt, files } = question;
  const held =
    files.length === 0
      ? ''
      : ` These files hold neither what was there before nor what the merge puts there:\n${listOf(files)}`;
  process.stderr.write(
    `The change of ${step} (attempt ${attempt}) was being merged when the run stopped.${held === '' ? '\n' : held}`,
  );
  for (const one of sinceWords(question)) tell(one);
  const asked =
    'finish the merge over what is there, which stays recorded [f], merge with what is there [m], or stop [s]? ';
  switch (await choose(asked, ['finish', 'merge', 'stop'])) {
    case 'finish':
      return 'undo';
    case 'merge':
      return 'keep';
    default:
      return 'stop';
  }
}

/** Asks what becomes of a tree in which steps run again that have changed it. */
export async function askTree(question: TreeQuestion): Promise<'back' | 'keep' | 'stop'> {
  const { step, files, edited, crashed } = question;
  for (const one of sinceWords(question)) tell(one);
  const since = crashed
    ? 'The run was cut off. '
    : edited.length === 0
      ? ''
      : `Somebody edited files that it would put back:\n${listOf(edited)}`;
  process.stderr.write(
    `${since}These files go back to what they were before ${step} began:\n${listOf(files)}`,
  );
  const answers = ['back', 'keep', 'stop'] as const;
  const asked = 'put them [b]ack (what is there stays recorded), [k]eep them as they are, or [s]top? ';
  return (await choose(asked, answers)) ?? 'stop';
}

/** Asks whether to go on. */
export async function askGoOn(): Promise<boolean> {
  return (await choose('go on? [y]es or [n]o ', ['yes', 'no'])) === 'yes';
}

function listOf(files: readonly string[]): string {
  const more = files.length > MOST_SHOWN ? `  … and ${files.length - MOST_SHOWN} more\n` : '';
  const list = files.slice(0, MOST_SHOWN).map((file) => `  ${fileName(file)}\n`);
  return `${list.join('')}${more}`;
}

/** Asks until one of the answers is given, or the beginning of one; undefined for who goes away instead. */
async function choose<T extends string>(question: string, answers: readonly T[]): Promise<T | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Node leaves a question open, or rejects it, when Ctrl-C or the end of input closes the terminal under it.
  const gone = new Promise<string>((resolve) => lines.once('close', () => resolve(GONE)));
  const leave = (): void => lines.close();
  for (const signal of LEAVING) process.on(signal, leave);
  try {
    for (;;) {
      const asked = lines.question(question);
      const answer = await Promise.race([asked.catch(() => gone), gone]);
      if (answer === GONE) return undefined;
      const found = answers.find((one) => answer !== '' && one.startsWith(answer.toLowerCase()));
      if (found !== undefined) return found;
    }
  } finally {
    for (const signal of LEAVING) process.off(signal, leave);
    lines.close();
  }
}
