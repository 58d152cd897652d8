// Gives the program a terminal of its own, in which keys can be pressed and which can be closed.
import { type ChildProcess, spawn } from 'node:child_process';
import { PROGRAM } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';

/** A terminal with the program in it. */
export interface Terminal {
  /** Types characters; `\x03` is Ctrl-C, which the terminal turns into a signal for everybody in its foreground. */
  type(keys: string): void;
  /** The window is closed: whoever is in it gets a SIGHUP, and can no longer write. */
  closeWindow(): void;
  /** The program's exit code, and what stood on the screen. */
  readonly ended: Promise<{ readonly code: number | null; readonly screen: string }>;
}

/** Opens one with `script`, which Debian calls essential; macOS has another program of that name. */
export function openTerminal(project: Project, args: readonly string[]): Terminal {
  const words = [process.execPath, PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-q', '-e', '-f', '-c', `exec ${words}`, '/dev/null'], {
    cwd: project.root,
    env: { ...project.environ, TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return {
    type: (keys) => void child.stdin.write(keys),
    closeWindow: () => void child.kill('SIGKILL'),
    ended: endOf(child),
  };
}

function endOf(child: ChildProcess): Terminal['ended'] {
  let screen = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, screen }));
  });
}
