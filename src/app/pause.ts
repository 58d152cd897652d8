/** Parks a run from another process. */
import { MARK_VARIABLE } from '../engines/mark.ts';
import { EXIT, type ExitCode } from '../model/exit.ts';
import { foldAll } from '../model/fold.ts';
import { userName } from './gates/answers.ts';
import { isOwned } from './gates/due.ts';
import { openRun } from './open.ts';
import { locate, stateAt } from './place.ts';
import { orTrouble, printRefusal } from './print.ts';
import { answer } from './programs.ts';
import { tell } from './runs/present.ts';

/** The flags of `pause` and `cancel`. */
export interface AskFlags {
  readonly json: boolean;
  readonly stateDir?: string | undefined;
}

/** `codemachine pause` */
export function pauseCommand(text: string, flags: AskFlags): Promise<ExitCode> {
  return orTrouble(() => pauseOnce(text, flags));
}

async function pauseOnce(text: string, { json, stateDir }: AskFlags): Promise<ExitCode> {
  if (process.env[MARK_VARIABLE])
    return printRefusal({ message: 'a step may not pause runs: decisions are made outside of them' });
  const found = await openRun(locate(stateAt(stateDir), process.env), text);
  if (!found.ok) return printRefusal(found.error);
  const { state, run } = found.value;
  try {
    if (!isOwned(state, run)) {
      const { status } = foldAll(state.history(run));
      const how = status === 'running' || status === 'new' ? 'nobody runs it' : `it is ${status}`;
      return printRefusal({
        message: `run ${run} does not run, so there is nothing to pause: ${how}`,
        help: `\`codemachine status ${run}\` shows how it stands`,
      });
    }
    state.ask(run, { kind: 'pause', by: userName(), at: new Date().toISOString() });
    tell(
      `asked run ${run} to pause: what runs comes to its end, then it parks; \`codemachine status ${run} --watch\` follows it`,
    );
    if (json) answer({ run, asked: 'pause', done: false });
    return EXIT.succeeded;
  } finally {
    state.close();
  }
}
