// Plays what a person does at a terminal, and writes down what is shown.
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { PROGRAM } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';

/** A person in a project. */
export interface Scene {
  readonly project: Project;
  /** Types a command line, its words between blanks; gives what is shown. */
  type(line: string, env?: Readonly<Record<string, string>>): Promise<string>;
  /** Types the command that the newest screen says, the first that fits. */
  follow(pattern: RegExp, env?: Readonly<Record<string, string>>): Promise<string>;
  /** Does something else, and notes in words what it is. */
  act(words: string, action?: () => void): void;
  /** Adds what was shown in another way. */
  note(line: string, shown: string, code: number | null): void;
  /** Puts a program on the PATH. */
  install(name: string, script: string): void;
  /** Holds all that was shown to the file of this name; `UPDATE_FIXTURES=1` writes it anew. */
  holds(name: string): void;
}

/** Begins a scene in a project. On its PATH is no engine but those that are installed in the scene. */
export function sceneIn(project: Project): Scene {
  const told: string[] = [];
  let newest = '';
  const bin = path.join(project.base, 'bin');
  mkdirSync(bin, { recursive: true });
  const type: Scene['type'] = async (line, env = {}) => {
    const file = path.join(project.base, 'screen.txt');
    const code = await run(project, wordsOf(line), { PATH: pathOf(bin), ...env }, file);
    note(line, readFileSync(file, 'utf8'), code);
    return newest;
  };
  const note: Scene['note'] = (line, shown, code) => {
    newest = shown;
    told.push(`$ codemachine ${line}\n${shown}exit ${code}\n`);
  };
  return {
    ...{ project, type, note },
    follow: (pattern, env) => {
      const found = pattern.exec(newest)?.[0];
      if (found === undefined) throw new Error(`nothing fits ${pattern} in:\n${newest}`);
      return type(found.replace(/^codemachine /, ''), env);
    },
    act: (words, action = () => undefined) => {
      action();
      told.push(`# ${words}\n`);
    },
    install: (name, script) => {
      const file = path.join(bin, name);
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
    },
    holds: (name) => {
      const file = path.join(import.meta.dirname, 'screens', `${name}.txt`);
      const shown = steady(told.join('\n'), project);
      if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(file, shown);
      else expect(shown).toBe(existsSync(file) ? readFileSync(file, 'utf8') : '');
    },
  };
}

/** Both streams go to one file, in the order in which they are written, as at a terminal. */
function run(
  project: Project,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  file: string,
): Promise<number | null> {
  const out = openSync(file, 'w');
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: project.root,
    env: { ...project.environ, ...env },
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

/** The PATH of this machine without engines that happen to be there. */
function pathOf(bin: string): string {
  const all = (process.env['PATH'] ?? '').split(':').filter((one) => !existsSync(path.join(one, 'claude')));
  return [bin, path.dirname(process.execPath), ...all].join(':');
}

/** As a shell splits it, with single quotes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** A screen as it would be on another day on another machine. */
function steady(text: string, { root, base }: Project): string {
  return text
    .replaceAll(root, '/home/you/project')
    .replaceAll(base, '/home/you')
    .replaceAll(`by ${userInfo().username}`, 'by you')
    .replace(/\d{8}-\d{6}-[a-z0-9]{4}/g, '20261120-081634-4qhn')
    .replace(/\d{4}-\d\d-\d\d(.)\d\d:\d\d:\d\d(\.\d+)?/g, '2026-11-21$103:00:00')
    .replace(/\b\d\d:\d\d:\d\d\b/g, '03:00:00')
    .replace(/\b\d+m \d\ds\b/g, '59m 59s')
    .replace(/\b\d+(\.\d+)?m?s\b/g, '0.1s')
    .replace(/\b[0-9a-f]{40}\b/g, '<commit>')
    .replace(/\bpid \d+/g, 'pid 4711')
    .replace(/ +$/gm, '');
}
