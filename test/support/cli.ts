// Runs the built program, as users do.
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Event } from '../../src/model/event.ts';
import type { Project } from './repository.ts';

/** The program as it is shipped; `npm run build` makes what it loads. */
export const PROGRAM = path.resolve(import.meta.dirname, '../../bin/codemachine.js');

/** How the program ended. */
export interface CliEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started. */
export interface Cli {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<CliEnd>;
}

/** How it is started, where it differs from a bare call in the repository. */
export interface CliOptions {
  /** Added to the project's environment; nothing else of the test's own passes. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Hears each whole line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Starts `codemachine` with these arguments. */
export function startCli(project: Project, args: readonly string[], options: CliOptions = {}): Cli {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd ?? project.root,
    env: { ...project.environ, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { pid: child.pid ?? 0, child, ended: hear(child, options.onLine) };
}

/** Runs `codemachine` to its end. */
export function cli(project: Project, args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  return startCli(project, args, options).ended;
}

/** The events that `--json` printed. */
export function eventsOf(stdout: string): readonly Event[] {
  return (
    stdout
      .split('\n')
      // Why a command came to nothing is no event.
      .filter((line) => line.startsWith('{') && !line.startsWith('{"error":'))
      .map((line) => JSON.parse(line) as Event)
  );
}

function hear(child: ChildProcess, onLine: ((line: string) => void) | undefined): Promise<CliEnd> {
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      texts[stream] += text;
    });
  }
  if (onLine !== undefined && child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', onLine);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
}
