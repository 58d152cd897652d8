/** Reads what the program's commands take, as the build wrote it down. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** An argument that has no flag. */
export interface ArgSpec {
  readonly name: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly hidden?: boolean;
  readonly options?: readonly string[];
  readonly default?: unknown;
}

/** A flag. */
export interface FlagSpec {
  readonly name: string;
  readonly type: 'boolean' | 'option';
  readonly char?: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly hidden?: boolean;
  readonly multiple?: boolean;
  readonly allowNo?: boolean;
  readonly options?: readonly string[];
  readonly helpValue?: string;
  readonly helpGroup?: string;
  readonly default?: unknown;
}

/** An example: the command line, with what it is for where that is said. */
export type Example = string | { readonly command: string; readonly description: string };

/** A command. */
export interface CommandSpec {
  readonly id: string;
  readonly summary?: string;
  readonly description?: string;
  readonly hidden?: boolean;
  /** How it is called, where that is more than its arguments. */
  readonly usage?: string;
  /** Whether more words than `args` are refused. */
  readonly strict?: boolean;
  readonly examples?: readonly Example[];
  readonly args: Readonly<Record<string, ArgSpec>>;
  readonly flags: Readonly<Record<string, FlagSpec>>;
}

/** All commands, by name. */
export type Commands = Readonly<Record<string, CommandSpec>>;

/** Reads the manifest that lies beside package.json, in `root`. Throws where it is not there: the program is not whole then. */
export function readCommands(root: string): Commands {
  const text = readFileSync(path.join(root, 'oclif.manifest.json'), 'utf8');
  return (JSON.parse(text) as { readonly commands: Commands }).commands;
}

/** The names of those that people are shown, sorted. */
export function namesOf(commands: Commands): readonly string[] {
  return Object.keys(commands)
    .filter((name) => commands[name]?.hidden !== true)
    .sort();
}

/** The command line of an example. */
export function plainExample(example: Example): string {
  const line = typeof example === 'string' ? example : example.command;
  return line.replaceAll('<%= config.bin %>', 'codemachine');
}
