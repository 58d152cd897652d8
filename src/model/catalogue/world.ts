/** Holds the words of the diagnostics about what a workflow needs from the machine it runs on. */
import { error } from './entry.ts';

export const WORLD_CODES = {
  'no-git': error<{ step: string }>(
    ({ step }) => `\`${step}\` writes to the workspace, which can only be undone in a git repository`,
    () => 'run `git init` here, or write `undo: never` on the step',
  ),
};
