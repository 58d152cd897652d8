/** Starts a run that goes on without its terminal. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { startDetached } from '../../engines/process.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { tell } from './present.ts';

/**
 * Starts `codemachine run` with the same arguments in a session of its own; returns when the run has started, its id
 * printed on standard output. What it refuses is shown here, with its exit code.
 */
export async function detach(argv: readonly string[]): Promise<ExitCode> {
  const rest = argv.filter((word) => word !== '--detach' && word !== '--json');
  // A file, not a pipe: what the run says to people after we are gone must find somebody who takes it.
  const directory = mkdtempSync(path.join(os.tmpdir(), 'codemachine-detach-'));
  const errors = path.join(directory, 'stderr');
  const log = openSync(errors, 'w', 0o600);
  try {
    const child = startDetached([process.argv[1] ?? '', 'run', '--json', ...rest], process.env, log);
    const id = await firstRun(child.stdout);
    if (id !== undefined) {
      child.letGo();
      process.stdout.write(`${id}\n`);
      tell(`follow it with \`codemachine status ${id} --watch\``);
      return EXIT.succeeded;
    }
    const code = await child.ended;
    process.stderr.write(readFileSync(errors, 'utf8'));
    return code as ExitCode;
  } finally {
    closeSync(log);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The id of the run that the events are about; undefined where the stream ends before one has started. */
async function firstRun(stdout: NodeJS.ReadableStream): Promise<string | undefined> {
  for await (const line of createInterface({ input: stdout })) {
    const run = runOf(line);
    if (run !== undefined) return run;
  }
  return undefined;
}

function runOf(line: string): string | undefined {
  try {
    const event = JSON.parse(line) as { readonly type?: string; readonly run?: string };
    return event.type === 'run-started' ? event.run : undefined;
  } catch {
    return undefined;
  }
}
