/** Starts the commands that the configuration has for what happens to a run. */
import os from 'node:os';
import { shellBase } from '../../engines/child-env.ts';
import { MARK_VARIABLE, makeMark } from '../../engines/mark.ts';
import { startProcess } from '../../engines/process.ts';
import { shellCommand } from '../../engines/shell-command.ts';
import { toolPath } from '../../engines/tool-path.ts';
import type { Notification, NotifyWord } from '../../model/config.ts';
import type { Milestone } from '../../model/event.ts';
import type { Progress } from '../../model/progress.ts';
import { watch } from '../../report/changes.ts';
import { oneLine } from '../../report/clean.ts';
import { decisionCommands, openGates } from '../../report/gates.ts';
import { milestoneLines } from '../../report/milestones.ts';
import { painter } from '../../report/paint.ts';
import { failedSteps, mayFail, stepsInOrder } from '../../report/steps.ts';
import { duration } from '../../report/words.ts';
import { userDirectory } from '../config.ts';
import { maskedValues } from '../facts.ts';
import type { Execution } from './execution.ts';
import type { Notifier } from './notified.ts';

/** So many wait for their turn at most: steps that fail by the hundred are one piece of news. */
const MOST_WAITING = 50;
const LONGEST_MESSAGE = 1000;
const LONGEST_SAID = 300;
/** Of what a command says the end is kept, in bytes, for the sentence about its failure. */
const KEPT = 4096;

interface News {
  readonly milestone: Milestone;
  /** What is said of it in variables: said when it happens, for the run has gone on when somebody's turn comes. */
  readonly facts: Readonly<Record<string, string>>;
}

/**
 * One after the other, in the order of what happened. They carry the run's mark: what they leave behind is ended with the run, and
 * they decide at no gate, for an agent may have written the script.
 */
export function notifier(e: Execution, notify: readonly Notification[]): Notifier {
  const run = watch(e.history);
  const [hurry, troubles] = [new AbortController(), new Set<string>()];
  let turn: Promise<void> = Promise.resolve();
  let waiting = 0;
  const tell = (wish: Notification, news: News): void => {
    if (waiting >= MOST_WAITING) {
      troubles.add(`more happened at once than \`notify\` of ${wish.from} was told of`);
      return;
    }
    waiting++;
    turn = turn.then(async () => {
      if (!hurry.signal.aborted) {
        const trouble = await start(e, wish, news, hurry.signal);
        if (trouble !== undefined) troubles.add(trouble);
      }
      waiting--;
    });
  };
  return {
    hear: (milestone) => {
      run.hear(milestone);
      const words = wordsOf(milestone);
      const wishes = notify.filter(({ on }) => on.some((word) => words.includes(word)));
      if (wishes.length === 0) return;
      const news = { milestone, facts: factsOf(e, milestone, run.progress) };
      for (const wish of wishes) tell(wish, news);
    },
    settled: () => turn,
    stop: () => hurry.abort('interrupt'),
    troubles: () => [...troubles],
  };
}

/** What a milestone is called in `on`; none for what nobody can wait for. */
function wordsOf(milestone: Milestone): readonly NotifyWord[] {
  switch (milestone.type) {
    case 'run-finished':
      return ['run-finished', `run-${milestone.status}`];
    case 'step-failed':
      return milestone.final ? ['step-failed'] : [];
    case 'run-started':
    case 'run-resumed':
    case 'gate-opened':
    case 'gate-reminded':
    case 'quota-waiting':
    case 'budget-exceeded':
    case 'run-parked':
      return [milestone.type];
    default:
      return [];
  }
}

/** Gives a sentence where it did not end well. */
async function start(
  e: Execution,
  wish: Notification,
  news: News,
  hurry: AbortSignal,
): Promise<string | undefined> {
  const about = `the command of \`notify\` in ${wish.from} for ${news.milestone.type}`;
  const mark = markOf(e, news.milestone.seq);
  const env = envOf(e, news, mark);
  const shell = shellCommand(undefined, wish.run, env['PATH'] ?? '', os.tmpdir());
  if (!shell.ok) return `${about} could not be started: ${shell.error.message}`;
  const { command, args, dispose } = shell.value;
  let said = '';
  const hear = (chunk: Uint8Array): void => {
    said = `${said}${Buffer.from(chunk).toString()}`.slice(-KEPT);
  };
  const late = AbortSignal.timeout(wish.timeoutMs);
  const end = await startProcess(
    {
      ...{ command, args, env, mark, kind: 'shell', sweepAfter: true },
      // What the user's own file names relatively, no repository may put there.
      cwd: wish.ofRepository ? e.place.root : userDirectory(e.env),
      stdin: `${JSON.stringify(news.milestone)}\n`,
    },
    { stdout: () => undefined, stderr: hear },
    { soft: hurry, hard: AbortSignal.any([hurry, late]) },
  );
  dispose();
  if (hurry.aborted || end.exitCode === 0) return undefined;
  if (late.aborted) return `${about} was ended after ${duration(wish.timeoutMs)}`;
  if (end.spawnError !== undefined) return `${about} could not be started: ${end.spawnError.message}`;
  const how = end.exitCode === null ? `ended by ${end.signal}` : `exit code ${end.exitCode}`;
  const last = await masked(e, said.trimEnd().split('\n').at(-1) ?? '');
  return `${about} failed: ${how}${last === '' ? '' : `: ${oneLine(last, LONGEST_SAID)}`}`;
}

async function masked(e: Execution, text: string): Promise<string> {
  const values = maskedValues(e.variables, e);
  if (values.length === 0) return text;
  return (await import('../../engines/mask.ts')).makeMasker(values).text(text);
}

function markOf(e: Execution, seq: number): string {
  return makeMark(e.env[MARK_VARIABLE], {
    ...{ run: e.record.id, epoch: e.lease.epoch },
    directory: `notify.${seq}`,
  });
}

/** The caller's, as a `run` step sees it, and what happened: in variables, since text of others in a script would be a part of it. */
function envOf(e: Execution, { facts }: News, mark: string): Record<string, string> {
  const base = shellBase(
    e.env,
    e.workflow.secrets.map(({ name }) => name),
  );
  const { root } = e.place;
  return {
    ...base,
    PATH: toolPath(base['PATH'] ?? '', root),
    CODEMACHINE: '1',
    CODEMACHINE_RUN: e.record.id,
    CODEMACHINE_WORKSPACE: root,
    ...facts,
    [MARK_VARIABLE]: mark,
  };
}

function factsOf(e: Execution, milestone: Milestone, progress: Progress): Record<string, string> {
  const next = nextOf(milestone, progress);
  return {
    CODEMACHINE_WORKFLOW: oneLine(e.workflow.name, LONGEST_MESSAGE),
    CODEMACHINE_EVENT: milestone.type,
    CODEMACHINE_STATUS: progress.status,
    CODEMACHINE_MESSAGE: messageOf(milestone, progress, e),
    ...('step' in milestone ? { CODEMACHINE_STEP: milestone.step } : {}),
    ...(next === undefined ? {} : { CODEMACHINE_NEXT: oneLine(next, LONGEST_MESSAGE) }),
  };
}

/** What somebody would type. */
function nextOf(milestone: Milestone, progress: Progress): string | undefined {
  if (milestone.type === 'run-parked') return milestone.resume;
  if (milestone.type !== 'gate-opened' && milestone.type !== 'gate-reminded') return undefined;
  const gate = openGates(progress).find(({ key }) => key === milestone.step);
  return gate === undefined ? undefined : decisionCommands(milestone.run, gate)[0];
}

/** One line for a chat. */
function messageOf(milestone: Milestone, progress: Progress, { workflow, plan }: Execution): string {
  const what = (): string => {
    if (milestone.type === 'run-parked') return `${workflow.name} is parked: ${milestone.reason}`;
    if (milestone.type === 'run-finished') {
      const [root] = failedSteps(stepsInOrder(progress, plan), mayFail(plan));
      const why =
        milestone.status === 'failed' && root?.failure !== undefined
          ? `: ${root.key}: ${root.failure.message}`
          : '';
      return `${workflow.name} ${milestone.status} after ${duration(milestone['duration-ms'])}${why}`;
    }
    const lines = milestoneLines(milestone, { verbose: false, paint: painter(false), progress });
    return 'step' in milestone ? `${workflow.name}: ${lines.join(' ')}` : lines.join(' ');
  };
  return oneLine(what(), LONGEST_MESSAGE);
}
