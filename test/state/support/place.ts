/** Gives each test a directory of its own. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { openState, type State, type StateOptions } from '../../../src/state/state.ts';

/** A directory that is gone after the test. */
export function scratch(): string {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'codemachine-state-')));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens a state that is closed after the test. */
export async function opened(dir: string, options: Partial<StateOptions> = {}): Promise<State> {
  const state = await openState(dir, { version: '0.1.0', ...options });
  if (!state.ok) throw new Error(state.error.message);
  onTestFinished(() => state.value.close());
  return state.value;
}
