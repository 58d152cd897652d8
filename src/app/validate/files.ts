/** Finds the files that the words of a command line mean. */
import { type Dirent, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Result } from '../../model/result.ts';
import { ok } from '../../model/result.ts';
import { globProblem } from '../../plan/glob-problem.ts';
import { entryAt } from '../files.ts';
import { findWorkflow, workflowsIn } from '../find-workflow.ts';
import type { Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** Something that can be validated: a file of the disk by its absolute path, or standard input. */
export interface Subject {
  readonly file: string;
  readonly stdin: boolean;
}

/** What is meant by names, paths, directories, globs; by none, all of `.codemachine/workflows`. Each file once, sorted. */
export async function filesOf(
  place: Place,
  names: readonly string[],
): Promise<Result<readonly Subject[], Refusal>> {
  if (names.includes('-')) return ok([{ file: '', stdin: true }]);
  if (names.length === 0) return ownWorkflows(place);
  const found = new Set<string>();
  for (const name of names) {
    const files = await meantBy(place, name);
    if (!files.ok) return files;
    for (const file of files.value) found.add(file);
  }
  return ok([...found].sort().map(onDisk));
}

function ownWorkflows({ root }: Place): Result<readonly Subject[], Refusal> {
  const directory = path.join(root, '.codemachine', 'workflows');
  const all = workflowsIn(directory);
  return all.length > 0
    ? ok(all.map((file) => onDisk(path.join(directory, file))))
    : refuse(
        'there is no workflow in .codemachine/workflows',
        'name a file, or write a first one: `codemachine init`',
      );
}

function onDisk(file: string): Subject {
  return { file, stdin: false };
}

async function meantBy(place: Place, name: string): Promise<Result<readonly string[], Refusal>> {
  const file = path.resolve(place.cwd, name);
  const known = entryAt(file);
  if (known?.isDirectory() === true) {
    const below = workflowsBelow(file);
    return below.length > 0
      ? ok(below)
      : refuse(`there is no workflow below ${name}`, 'workflows are the files that end in `.yml` or `.yaml`');
  }
  if (known === undefined && /[*?[{]/.test(name)) return matching(place, name);
  const one = findWorkflow(place, name);
  return one.ok ? ok([one.value]) : one;
}

async function matching(place: Place, glob: string): Promise<Result<readonly string[], Refusal>> {
  const problem = globProblem(glob);
  if (problem !== undefined) return refuse(`${glob}: ${problem}`);
  const { matches } = await import('../../plan/selection.ts');
  const parts = glob.split('/');
  const fixed = parts.findIndex((part) => /[*?[{(!]/.test(part));
  const base = path.resolve(place.cwd, parts.slice(0, fixed).join('/') || (glob.startsWith('/') ? '/' : '.'));
  const globs = [parts.slice(fixed).join('/')];
  const found = existsSync(base)
    ? workflowsBelow(base).filter((file) => matches(path.relative(base, file), globs))
    : [];
  return found.length > 0
    ? ok(found)
    : refuse(`${glob} fits no workflow`, 'it is compared with the files that end in `.yml` or `.yaml`');
}

// Configuration and tests of workflows are YAML beside them; what is hidden belongs to other tools.
function workflowsBelow(directory: string): readonly string[] {
  const found: string[] = [];
  const open = [directory];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const ours = path.basename(at) === '.codemachine';
    for (const entry of entriesOf(at)) {
      const file = path.join(at, entry.name);
      if (entry.isDirectory()) {
        const hidden = entry.name.startsWith('.') && entry.name !== '.codemachine';
        const passed = hidden || entry.name === 'node_modules' || (ours && entry.name === 'state');
        if (!passed) open.push(file);
      } else if (isWorkflow(entry.name, ours)) {
        if (entryAt(file)?.isFile() === true) found.push(file);
      }
    }
  }
  return found.sort();
}

function isWorkflow(name: string, ours: boolean): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !(ours && /^config\.ya?ml$/.test(name));
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    // What may not be looked into is not looked into.
    return [];
  }
}
