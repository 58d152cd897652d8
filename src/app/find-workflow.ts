/** Finds the file that the name of a workflow means. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ok, type Result } from '../model/result.ts';
import { nearest } from '../workflow/suggest.ts';
import { entryAt } from './files.ts';
import { type Place, shown } from './place.ts';
import { type Refusal, refuse } from './refusal.ts';

const ENDING = /\.ya?ml$/;
const LIST = '`codemachine validate` names all in .codemachine/workflows';

/** Finds the file that `name` means: a path, or a workflow of `.codemachine/workflows/` without its ending. */
export function findWorkflow(place: Place, name: string): Result<string, Refusal> {
  const directory = directoryOf(place);
  if (ENDING.test(name) || name.includes('/')) {
    const file = path.resolve(place.cwd, name);
    if (isDirectory(file)) return refuse(`${name} is a directory`, oneOf(place, file), 'no-workflow');
    return existsSync(file)
      ? ok(file)
      : refuse(`there is no file ${name}`, insteadOfPath(place, file), 'no-workflow');
  }
  for (const ending of ['.yml', '.yaml']) {
    const file = path.join(directory, name + ending);
    if (existsSync(file)) return ok(file);
  }
  return refuse(
    `there is no workflow ${name}: looked for ${shown(place, path.join(directory, `${name}.yml`))} and .yaml`,
    insteadOfName(place, name),
    'no-workflow',
  );
}

/** The file names of the workflows in `.codemachine/workflows`, sorted; none where there is no such directory. */
export function workflowsIn(directory: string): readonly string[] {
  return existsSync(directory)
    ? readdirSync(directory)
        .filter((file) => ENDING.test(file))
        .sort()
    : [];
}

function directoryOf({ root }: Place): string {
  return path.join(root, '.codemachine', 'workflows');
}

/** What to do where a name means no workflow. */
function insteadOfName(place: Place, name: string): string {
  const names = workflowsIn(directoryOf(place)).map(nameOf);
  const near = nearest(name, names);
  if (near !== undefined) return `did you mean \`${near}\`? ${LIST}`;
  const [elsewhere] = [...below(directoryOf(place)), ...besides(place.cwd)].filter(
    (file) => nameOf(path.basename(file)) === name,
  );
  if (elsewhere !== undefined) return `did you mean \`${shown(place, elsewhere)}\`? ${LIST}`;
  if (!existsSync(path.join(place.root, '.codemachine')))
    return `there is no .codemachine in ${place.root}: change to your project, or begin here with \`codemachine init\``;
  return names.length === 0
    ? 'give the path of the file, or write a first one: `codemachine init`'
    : `give the path of the file, or one of: ${names.join(', ')}`;
}

function isDirectory(file: string): boolean {
  return entryAt(file)?.isDirectory() === true;
}

/** What to do where a directory is named. */
function oneOf(place: Place, directory: string): string {
  const names = besides(directory).map((file) => shown(place, file));
  return names.length === 0 ? `name a file; ${LIST}` : `name a file of it: ${names.join(', ')}`;
}

/** What to do where a path leads to no file. */
function insteadOfPath(place: Place, file: string): string {
  const { dir, base } = path.parse(file);
  const there = besides(dir);
  const alike = there.find((one) => nameOf(path.basename(one)) === nameOf(base));
  const named = workflowsIn(directoryOf(place)).map(nameOf);
  if (alike !== undefined) return `did you mean \`${shown(place, alike)}\`? ${LIST}`;
  if (named.includes(nameOf(base))) return `did you mean \`${nameOf(base)}\`? ${LIST}`;
  const typo = nearest(
    nameOf(base),
    there.map((one) => nameOf(path.basename(one))),
  );
  const meant = there.find((one) => nameOf(path.basename(one)) === typo);
  if (meant !== undefined) return `did you mean \`${shown(place, meant)}\`? ${LIST}`;
  const near = nearest(nameOf(base), named);
  if (near !== undefined) return `did you mean \`${near}\`? ${LIST}`;
  return `look at the path; ${LIST}`;
}

function nameOf(file: string): string {
  return file.replace(ENDING, '');
}

/** The YAML files of one directory. */
function besides(directory: string): readonly string[] {
  try {
    return workflowsIn(directory).map((file) => path.join(directory, file));
  } catch {
    return [];
  }
}

/** Those of its subfolders; a name alone means none of them. */
function below(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => path.join(directory, name))
      .filter(isDirectory)
      .flatMap((folder) => [...besides(folder), ...below(folder)]);
  } catch {
    return [];
  }
}
