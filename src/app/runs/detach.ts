/** Starts a run that goes on without its terminal. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { startDetached } from '../../engines/process.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { onGithub } from '../../report/choose.ts';
import { harmless } from '../print.ts';
import { answer } from '../programs.ts';
import { tell } from './present.ts';

/**
 * Starts `codemachine run` with the same arguments in a session of its own; returns when the run has started, its id
 * printed on standard output. What it refuses is shown here, with its exit code.
 */
export async function detach(argv: readonly string[], json: boolean): Promise<ExitCode> {
  const rest = argv.filter((word) => word !== '--detach' && word !== '--json');
  // A file, not a pipe: what the run says to people after we are gone must find somebody who takes it.
  const directory = mkdtempSync(path.join(os.tmpdir(), 'codemachine-detach-'));
  const errors = path.join(directory, 'stderr');
  const log = openSync(errors, 'w', 0o600);
  try {
    const child = startDetached([process.argv[1] ?? '', 'run', '--json', ...rest], process.env, log);
    const told = await firstRun(child.stdout);
    if (told.run !== undefined) {
      child.letGo();
      if (json) answer({ run: told.run });
      else process.stdout.write(`${told.run}\n`);
      tell(`follow it with \`codemachine status ${told.run} --watch\``);
      return EXIT.succeeded;
    }
    const code = await child.ended;
    const said = readFileSync(errors, 'utf8');
    // It wrote into a file, which obeys nothing. What the runner of GitHub Actions is to obey of it, it has cleaned itself.
    process.stderr.write(onGithub(process.env) ? said : harmless(said, process.stderr, process.env));
    if (json && told.error !== undefined) answer({ error: told.error });
    return code as ExitCode;
  } finally {
    closeSync(log);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What the stream tells first: the run that its events are about, or why none has started. */
interface Told {
  readonly run?: string;
  readonly error?: object;
}

async function firstRun(stdout: NodeJS.ReadableStream): Promise<Told> {
  for await (const line of createInterface({ input: stdout })) {
    const { type, run, error } = parsed(line);
    if (type === 'run-started' && run !== undefined) return { run };
    if (error !== undefined) return { error };
  }
  return {};
}

function parsed(line: string): Told & { readonly type?: string } {
  try {
    return JSON.parse(line) as Told & { readonly type?: string };
  } catch {
    return {};
  }
}
