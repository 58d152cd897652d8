/** Starts the built program as a user would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/codemachine.js');

/** A program that was started. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** How it ended, with all that it printed. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** A directory without git, with a home of its own; it is gone after the test. */
export interface Place {
  readonly directory: string;
  readonly stateDir: string;
  write(name: string, text: string | Uint8Array): string;
  start(node: string, args: readonly string[], env?: Readonly<Record<string, string>>): Started;
}

/** Makes a place for one test. */
export function makePlace(): Place {
  const root = mkdtempSync(path.join(tmpdir(), 'world-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [directory, home] = [path.join(root, 'work'), path.join(root, 'home')];
  mkdirSync(directory);
  mkdirSync(home);
  return {
    directory,
    stateDir: path.join(directory, '.codemachine', 'state'),
    write(name, text) {
      const file = path.join(directory, name);
      writeFileSync(file, text);
      return file;
    },
    start(node, args, env = {}) {
      const child = spawn(node, [PROGRAM, ...args], {
        cwd: directory,
        env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
      const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, output })));
      return { child, ended };
    },
  };
}
