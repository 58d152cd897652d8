/** Finds the key of the files in which runs travel. */
import { ok, type Result } from '../../model/result.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** From the environment alone: on a command line everybody could read it. A secret that CI does not have is empty there, and must not mean none. */
export function bundleKey(env: NodeJS.ProcessEnv): Result<string | undefined, Refusal> {
  const key = env['CODEMACHINE_BUNDLE_KEY'];
  if (key !== '') return ok(key);
  return refuse(
    'CODEMACHINE_BUNDLE_KEY is set, and empty',
    'give it a key, or take the variable out of the environment where the file may be read by others',
  );
}
