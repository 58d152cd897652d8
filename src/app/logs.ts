/** Prints what the attempts of a run wrote. */
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, type ExitCode } from '../model/exit.ts';
import { foldAll } from '../model/fold.ts';
import { asStepKey, liesIn, type RunId } from '../model/ids.ts';
import { jsonLine } from '../report/json-line.ts';
import { quoted } from '../report/words.ts';
import type { LogAttempt, State } from '../state/state.ts';
import { readFrom, type TranscriptFile } from '../state/transcripts.ts';
import { nearest } from '../workflow/suggest.ts';
import { openRun } from './open.ts';
import { locate, stateAt } from './place.ts';
import { harmless, isObeyed, orTrouble, printRefusal } from './print.ts';
import { refuse } from './refusal.ts';
import { lastWords } from './runs/abandoned.ts';
import { tellAbandoned } from './runs/present.ts';

/** What `codemachine logs` is asked for. */
export interface LogsFlags {
  readonly run: string;
  readonly step: string | undefined;
  readonly attempt: number | undefined;
  /** One of the transcript's files; without it standard output and standard error. */
  readonly file: string | undefined;
  readonly follow: boolean;
  readonly json: boolean;
  readonly stateDir?: string | undefined;
}

const PIECE = 1024 * 1024;
const LOOK_MS = 200;

/** `codemachine logs` */
export async function logsCommand(flags: LogsFlags): Promise<ExitCode> {
  return orTrouble(() => showLogs(flags));
}

async function showLogs(asked: LogsFlags): Promise<ExitCode> {
  const found = await openRun(locate(stateAt(asked.stateDir), process.env), asked.run);
  if (!found.ok) return printRefusal(found.error);
  const { state, run } = found.value;
  try {
    const flags = withAttempt(state, run, asked);
    const chosen = chooseAttempts(state, run, flags);
    if (chosen.length === 0 && !flags.follow) return await nothing(state, run, flags);
    await print(state, run, flags);
    if (flags.follow && lastWords(state, run, state.history(run)).length > 0) tellAbandoned(run);
    return EXIT.succeeded;
  } finally {
    state.close();
  }
}

/** Reads `step.attempt` as `diff` and `restore` do. A key has dots itself, so the whole is looked for first. */
function withAttempt(state: State, run: RunId, flags: LogsFlags): LogsFlags {
  const [, step = '', number = ''] = /^(.*)\.(\d+)$/.exec(flags.step ?? '') ?? [];
  if (flags.step === undefined || flags.attempt !== undefined || step === '') return flags;
  const { steps } = foldAll(state.history(run));
  if (steps.has(asStepKey(flags.step)) || !steps.has(asStepKey(step))) return flags;
  return { ...flags, step, attempt: Number(number) };
}

function chooseAttempts(state: State, run: RunId, flags: LogsFlags): readonly LogAttempt[] {
  const step = flags.step === undefined ? undefined : asStepKey(flags.step);
  // What is made of other executions has said nothing itself.
  const ofIt = (one: LogAttempt): boolean =>
    step === undefined || one.step === step || liesIn(one.step, step);
  return state
    .logs(run)
    .filter((one) => ofIt(one) && (flags.attempt === undefined || one.attempt === flags.attempt));
}

function nothing(state: State, run: RunId, { step, attempt }: LogsFlags): Promise<ExitCode> | ExitCode {
  const steps = [...new Set(state.logs(run).map((one) => one.step))];
  if (step === undefined) return EXIT.succeeded;
  const what = attempt === undefined ? `step ${step}` : `attempt ${attempt} of ${step}`;
  const { steps: told, retryOf } = foldAll(state.history(run));
  const own = told.get(asStepKey(step));
  if (own?.failure !== undefined && attempt === undefined)
    return printRefusal({
      message: `nothing was executed for ${step} in run ${run}, so it wrote nothing: it failed before`,
      help: own.failure.message,
    });
  if (retryOf !== undefined && own?.reused === 'retry')
    return printRefusal({
      message: `the result of ${step} was taken over from run ${retryOf}, which has what it wrote`,
      help: `\`codemachine logs ${retryOf} ${quoted(step)}\``,
    });
  const refused = refuse(`${what} has not started in run ${run}`, insteadOf(step, steps, run));
  return refused.ok ? EXIT.succeeded : printRefusal(refused.error);
}

function insteadOf(step: string, steps: readonly string[], run: RunId): string {
  const near = nearest(step, steps);
  if (steps.length === 0) return 'no step has started yet';
  return near === undefined || near === step
    ? `these have: ${steps.join(', ')}`
    : `did you mean \`${near}\`? \`codemachine status ${run}\` lists all`;
}

/** Prints file by file; with `follow` goes round until nobody runs the run and everything is printed. */
async function print(state: State, run: RunId, flags: LogsFlags): Promise<void> {
  const offsets = new Map<string, number>();
  const screened = flags.json || isObeyed(process.stdout, process.env);
  let heading = '';
  for (;;) {
    const owned = flags.follow && state.listRuns().some((one) => one.id === run && one.owner !== undefined);
    for (const one of chooseAttempts(state, run, flags)) {
      for (const file of one.files.filter(({ name }) => wanted(name, flags.file))) {
        const head =
          one.step !== flags.step || one.attempt > 1
            ? `── ${one.step} · attempt ${one.attempt} · ${file.name}\n`
            : '';
        for (;;) {
          const offset = offsets.get(file.path) ?? 0;
          const read = readFrom(file.path, offset, PIECE);
          const piece = screened ? wholeLines(read, owned) : read;
          if (piece.length === 0) break;
          if (flags.json) await writeLines(one, file.name, piece);
          else {
            if (head !== heading) await write(Buffer.from(head));
            heading = head;
            await write(piece);
          }
          offsets.set(file.path, offset + piece.length);
        }
      }
    }
    if (!owned) return;
    await pause(LOOK_MS);
  }
}

function wanted(name: TranscriptFile, asked: string | undefined): boolean {
  if (asked !== undefined) return name === asked;
  return name === 'stdout.log' || name === 'stderr.log' || name === 'answer.json';
}

/** What obeys output obeys lines: one that is cleaned in two halves may hold what neither does. A line without an end passes in pieces. */
function wholeLines(piece: Buffer, growing: boolean): Buffer {
  if (!growing && piece.length < PIECE) return piece;
  const end = piece.lastIndexOf('\n') + 1;
  return end === 0 && piece.length === PIECE ? piece : piece.subarray(0, end);
}

/** One object a line, with its line end where it has one: put behind each other, the texts are the file. */
async function writeLines({ step, attempt }: LogAttempt, file: TranscriptFile, piece: Buffer): Promise<void> {
  const lines = piece.toString().match(/[^\n]*\n|[^\n]+/g) ?? [];
  const said = lines.map((text) => jsonLine({ step, attempt, file, text })).join('');
  await new Promise<void>((resolve) => process.stdout.write(said, () => resolve()));
}

/** Bytes as they are into a pipe or a file; harmless ones onto a terminal, or into a log of GitHub Actions. */
async function write(bytes: Buffer): Promise<void> {
  const obeyed = isObeyed(process.stdout, process.env);
  const shown = obeyed ? harmless(bytes.toString(), process.stdout, process.env) : bytes;
  await new Promise<void>((resolve) => process.stdout.write(shown, () => resolve()));
}
