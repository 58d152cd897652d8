/** Says how a checkout that is gone is made again. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { quoted } from '../../report/words.ts';
import type { RunRecord } from '../../state/runs.ts';
import { openPlaceWorkspace } from '../git.ts';
import { locate, type Place } from '../place.ts';
import type { Refusal } from '../refusal.ts';

/**
 * Why a run cannot go on that worked where nothing is now. A worktree is its user's: it is not made by itself, but by the commands
 * that this says, which give it the branch it had and the files of the newest recording.
 * @param here where the command is
 * @param then what to do when it is there again
 */
export async function vanished(
  record: RunRecord,
  here: Place,
  env: NodeJS.ProcessEnv,
  then = 'resume',
): Promise<Refusal> {
  const message = `the checkout in which run ${record.id} worked is no longer at ${record.workspace}`;
  const again = await commands(record, here, env);
  if (again === undefined)
    return {
      message,
      help: `move it back there, then ${then}; what is recorded of it is kept under \`refs/codemachine/\``,
    };
  return {
    message,
    help: `move it back there; or, if it was a worktree that was removed, make it again, then ${then}:\n${again.map((one) => `    ${one}`).join('\n')}`,
  };
}

async function commands(
  { id, git, workspace }: RunRecord,
  here: Place,
  env: NodeJS.ProcessEnv,
): Promise<readonly string[] | undefined> {
  if (git === undefined || git.sha === '' || !here.hasGit || existsSync(workspace)) return undefined;
  // A state directory that was moved may belong to another repository.
  if (locate({ cwd: here.cwd }, {}).stateDir !== here.stateDir) return undefined;
  // The main worktree went with everything else, so what is here is that one, moved.
  if (path.dirname(path.dirname(here.stateDir)) === workspace) return undefined;
  const opened = await openPlaceWorkspace(here, env);
  const recordings = opened.ok ? await opened.value?.recordings(id) : undefined;
  const newest = recordings?.ok === true ? recordings.value.at(-1)?.tree : undefined;
  // Forced, since git still counts a worktree whose directory was deleted.
  const at =
    git.branch === ''
      ? `--detach ${quoted(workspace)} ${git.sha}`
      : `${quoted(workspace)} ${quoted(git.branch)}`;
  return [
    `git -C ${quoted(here.root)} worktree add -f ${at}`,
    ...(newest === undefined
      ? []
      : [`git -C ${quoted(workspace)} restore --source=${newest} --worktree -- :/`]),
  ];
}
