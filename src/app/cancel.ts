/** Ends a run from another process. */
import { MARK_VARIABLE } from '../engines/mark.ts';
import { EXIT, type ExitCode } from '../model/exit.ts';
import { foldAll } from '../model/fold.ts';
import type { RunStatus } from '../model/progress.ts';
import { openRun } from './open.ts';
import type { AskFlags } from './pause.ts';
import { locate, stateAt } from './place.ts';
import { orTrouble, printRefusal } from './print.ts';
import { answer } from './programs.ts';
import { presenter, tell } from './runs/present.ts';
import { resume } from './runs/resume.ts';

const ENDED: Partial<Record<RunStatus, string>> = {
  succeeded: 'it succeeded',
  failed: 'it failed',
  canceled: 'it was canceled',
};

/** Asks the owner to cancel; where none lives, does it here, `finally` included. */
export function cancelCommand(text: string, flags: AskFlags): Promise<ExitCode> {
  return orTrouble(() => cancelOnce(text, flags));
}

async function cancelOnce(text: string, { json, stateDir }: AskFlags): Promise<ExitCode> {
  if (process.env[MARK_VARIABLE]) {
    return printRefusal({ message: 'a step may not cancel runs: decisions are made outside of them' });
  }
  const found = await openRun(locate(stateAt(stateDir), process.env), text);
  if (!found.ok) return printRefusal(found.error);
  const { state, run } = found.value;
  try {
    const progress = foldAll(state.history(run));
    const ended = ENDED[progress.status];
    if (ended !== undefined) return printRefusal({ message: `run ${run} has ended already: ${ended}` });
    if (
      state.claims.isClaimed(run) ||
      state.listRuns().some((one) => one.id === run && one.owner !== undefined)
    ) {
      state.ask(run, { kind: 'cancel', by: by(), at: new Date().toISOString() });
      tell(`asked run ${run} to cancel; \`codemachine status ${run} --watch\` shows how it ends`);
      if (json) answer({ run, asked: 'cancel', done: false });
      return EXIT.succeeded;
    }
  } finally {
    state.close();
  }
  const ended = await resume({
    ...stateAt(stateDir),
    ...{ run, env: process.env, by: 'cancel', tell, tree: 'keep', cancel: true, signals: true },
    reporter: presenter({ json: false, verbose: false, ...(json ? { out: process.stderr } : {}) }),
  });
  if (!ended.ok) return printRefusal(ended.error);
  if (json) answer({ run, asked: 'cancel', done: ended.value.exit === EXIT.canceled });
  return ended.value.exit === EXIT.canceled ? EXIT.succeeded : ended.value.exit;
}

function by(): string {
  return `codemachine cancel (pid ${process.pid})`;
}
