/** Turns a script with the name of its shell into a command line. */
import { randomUUID } from 'node:crypto';
import { accessSync, constants, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { err, ok, type Result } from '../model/result.ts';

/** A command line that runs a script. */
export interface ShellCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Takes the script's file away again, where it needed one. */
  dispose(): void;
}

/** A shell that is not there: what is missing, and the next move. */
export interface NoShell {
  readonly message: string;
  readonly help: string;
}

/** Linux takes no argument over 128 KiB (MAX_ARG_STRLEN, execve(2)), and the environment wants room beside it. */
const LONGEST_ARGUMENT = 100 * 1024;

interface KnownShell {
  /** Programs that may stand for it, the better one first. */
  readonly programs: readonly string[];
  /** The script as an argument; null where the program reads scripts from files only. */
  readonly inline: ((script: string) => readonly string[]) | null;
  readonly file: (file: string) => readonly string[];
  readonly extension: string;
  readonly wrap?: (script: string) => string;
}

const BASH = ['--noprofile', '--norc', '-euo', 'pipefail'];

/**
 * Scripts go in as an argument where that works: no file to write, and Python and Node then find the modules of the workspace, which
 * they would look for beside a file. `--` lets a script begin with a dash.
 */
const KNOWN: Readonly<Record<string, KnownShell>> = {
  bash: {
    programs: ['bash'],
    inline: (script) => [...BASH, '-c', '--', script],
    file: (file) => [...BASH, file],
    extension: '.sh',
  },
  sh: {
    programs: ['sh'],
    inline: (script) => ['-e', '-c', '--', script],
    file: (file) => ['-e', file],
    extension: '.sh',
  },
  python: {
    programs: ['python3', 'python'],
    inline: (script) => ['-c', script],
    file: (file) => [file],
    extension: '.py',
  },
  node: {
    programs: ['node'],
    inline: (script) => [`--eval=${script}`],
    file: (file) => [file],
    extension: '.cjs',
  },
  pwsh: {
    programs: ['pwsh'],
    inline: null,
    file: (file) => ['-NoLogo', '-NoProfile', '-NonInteractive', '-File', file],
    extension: '.ps1',
    // PowerShell goes on after errors and forgets the exit code of the last program, so both are said.
    wrap: (script) =>
      `$ErrorActionPreference = 'stop'\n${script}\nif (Test-Path -LiteralPath variable:\\LASTEXITCODE) { exit $LASTEXITCODE }\n`,
  },
};

/**
 * The command line for `script`.
 * @param shell `bash`, `sh`, `python`, `node`, `pwsh`, or a template in which `{0}` stands for the script's file; undefined means
 *   bash where there is one, else sh
 * @param searchPath the child's `PATH`
 * @param tmp an existing directory for script files
 */
export function shellCommand(
  shell: string | undefined,
  script: string,
  searchPath: string,
  tmp: string,
): Result<ShellCommand, NoShell> {
  if (shell === undefined) {
    const bash = findProgram('bash', searchPath);
    return bash === undefined
      ? shellCommand('sh', script, searchPath, tmp)
      : ok(knownCommand(KNOWN.bash as KnownShell, bash, script, tmp));
  }
  const known = Object.hasOwn(KNOWN, shell) ? KNOWN[shell] : undefined;
  if (known === undefined) return templateCommand(shell, script, searchPath, tmp);
  for (const name of known.programs) {
    const program = findProgram(name, searchPath);
    if (program !== undefined) return ok(knownCommand(known, program, script, tmp));
  }
  return err(missing(known.programs.join(' or '), searchPath));
}

function knownCommand(known: KnownShell, command: string, script: string, tmp: string): ShellCommand {
  if (known.inline !== null && Buffer.byteLength(script) <= LONGEST_ARGUMENT) {
    return { command, args: known.inline(script), dispose: () => {} };
  }
  const { file, dispose } = scriptFile(known.wrap?.(script) ?? script, known.extension, tmp);
  return { command, args: known.file(file), dispose };
}

function templateCommand(
  template: string,
  script: string,
  searchPath: string,
  tmp: string,
): Result<ShellCommand, NoShell> {
  const words = wordsOf(template);
  const [name = ''] = words;
  const command = findProgram(name, searchPath);
  if (command === undefined) return err(missing(name, searchPath));
  const { file, dispose } = scriptFile(script, '', tmp);
  const args = words.slice(1).map((word) => word.replaceAll('{0}', file));
  return ok({ command, args: template.includes('{0}') ? args : [...args, file], dispose });
}

function missing(program: string, searchPath: string): NoShell {
  const searched = searchPath.length > 300 ? `${searchPath.slice(0, 300)}…` : searchPath;
  return {
    message: `the shell "${program}" was not found in PATH, which is ${searched === '' ? 'empty' : `"${searched}"`}`,
    help: 'install it, or name another one under `shell:`',
  };
}

/** Words as a shell would see them, quotes included; nothing is expanded. */
function wordsOf(template: string): readonly string[] {
  const words = template.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
}

function scriptFile(script: string, extension: string, tmp: string): { file: string; dispose(): void } {
  const file = path.join(tmp, `codemachine-${randomUUID()}${extension}`);
  writeFileSync(file, script, { mode: 0o600, flag: 'wx' });
  return { file, dispose: () => rmSync(file, { force: true }) };
}

/** Searching costs a look into each directory of PATH; a thousand steps ask for the same two shells. */
const foundBefore = new Map<string, string>();

function findProgram(name: string, searchPath: string): string | undefined {
  if (name.includes('/')) return name;
  const key = `${name}\0${searchPath}`;
  const before = foundBefore.get(key);
  if (before !== undefined) return before;
  for (const directory of searchPath.split(':')) {
    // An empty entry means the current directory (POSIX, 8.3), which is the workspace: no agent may put a `bash` there.
    if (!path.isAbsolute(directory)) continue;
    const file = path.join(directory, name);
    if (!isProgram(file)) continue;
    foundBefore.set(key, file);
    return file;
  }
  return undefined;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
