// Runs the built program at a terminal, where it asks.
import { spawn } from 'node:child_process';
import { PROGRAM } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';

/** What a person saw, and how the program ended. */
export interface Answered {
  readonly code: number | null;
  readonly screen: string;
}

/** Runs a command line, and does `answer` with the keyboard once the screen says `question`. */
export function atTerminal(
  project: Project,
  line: string,
  question: string,
  answer: (press: (keys: string) => void) => void,
): Promise<Answered> {
  const words = [process.execPath, PROGRAM, ...line.split(' ')].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-q', '-e', '-f', '-c', `exec ${words}`, '/dev/null'], {
    cwd: project.root,
    env: { TERM: 'xterm', ...project.environ, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  let asked = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (asked || !screen.includes(question)) return;
    asked = true;
    answer((keys) => void child.stdin.write(keys));
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, screen })));
}
