/** Turns a workflow's file into a workflow and a plan, or into everything that is wrong with it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../model/config.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { hasErrors, sorted } from '../model/diagnostic.ts';
import type { Plan } from '../model/plan.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { SourceFile } from '../model/source.ts';
import type { Workflow } from '../model/workflow.ts';
import { globProblem } from '../plan/glob-problem.ts';
import { planWorkflow } from '../plan/plan.ts';
import { settled } from '../workflow/ignore.ts';
import { withUses } from '../workflow/library.ts';
import { readWorkflow } from '../workflow/workflow.ts';
import { loadConfig } from './config.ts';
import { checkAnswers } from './engines/answer-check.ts';
import { checkAgents, type InTree } from './engines/engine-check.ts';
import { lies, readText, sha256, stamp } from './files.ts';
import { withInstall } from './git-here.ts';
import type { Place } from './place.ts';
import { shown } from './place.ts';
import type { Refusal } from './refusal.ts';
import { refuse } from './refusal.ts';

/** A file that was checked. `workflow` and `plan` are there when nothing is an error. */
export interface Checked {
  readonly source: SourceFile;
  readonly diagnostics: readonly Diagnostic[];
  /** The text of every file that a diagnostic may point into, by the path that diagnostics use. */
  readonly sources: ReadonlyMap<string, string>;
  readonly workflow?: Workflow;
  readonly plan?: Plan;
  readonly config: Config;
  /** Files that it names, whether or not they are there, by absolute path: what each was right before it was read. */
  readonly named?: ReadonlyMap<string, string>;
}

/** Reads and plans one file of the disk. Refused only when it cannot be read at all. */
export async function checkFile(
  place: Place,
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<Result<Checked, Refusal>> {
  const config = await loadConfig(place, env);
  if (!config.ok) return config;
  const text = readText(file);
  if (!text.ok) return refuse(`${shown(place, file)} ${text.error}`);
  const source = { path: shown(place, file), text: text.value };
  const checked = await checkSource(place, file, source, config.value);
  return ok({ ...checked, diagnostics: withInstall(checked.diagnostics, env) });
}

/** Reads and plans a text as what stands, or is to stand, in a file of the disk. */
export async function checkSource(
  place: Place,
  file: string,
  source: SourceFile,
  config: Config,
): Promise<Checked> {
  const named = new Map<string, string>();
  const checked = { ...checkText(place, source, config, diskReader(place, file, named)), named };
  if (checked.workflow === undefined) return checked;
  const answers = await checkAnswers(checked.workflow);
  if (answers.length === 0) return checked;
  const { workflow: _, plan: __, ...refused } = checked;
  return { ...refused, diagnostics: sorted([...checked.diagnostics, ...answers]) };
}

/** Reads and plans a text. `readFile` gives the files that it names, by the path written in it; `exists` says what is in the tree. */
export function checkText(
  place: Place,
  source: SourceFile,
  config: Config,
  readFile: (written: string) => Result<string, string>,
  exists = (written: string) => existsSync(path.resolve(place.root, written)),
): Checked {
  const read = readWorkflow(source, {
    readFile,
    existsInWorkspace: exists,
    globProblem,
    sha256,
    config,
    // In a bare one the place is wrong, which whoever runs it there is told, and not the file.
    hasGit: place.hasGit || place.bare !== undefined,
  });
  const planned = read.workflow === undefined ? undefined : planWorkflow(read.workflow);
  const engines = read.workflow === undefined ? [] : checkAgents(read.workflow, config, inTree(place));
  const found = sorted([...read.diagnostics, ...(planned?.diagnostics ?? []), ...engines]);
  const complaints = withUses(settled(found, read.ignores), read.usedAt);
  const strict = config.policy?.strict?.value === true;
  const diagnostics = strict ? complaints.map((d) => ({ ...d, severity: 'error' as const })) : complaints;
  const usable = !hasErrors(diagnostics) && read.workflow !== undefined && planned?.plan !== undefined;
  return {
    source,
    diagnostics,
    sources: read.sources,
    config,
    ...(usable && read.workflow && planned?.plan ? { workflow: read.workflow, plan: planned.plan } : {}),
  };
}

/** Reads files of the tree that a workflow does not name. */
function inTree({ root }: Place): InTree {
  return (file) => {
    const text = readText(path.join(root, file), root);
    return text.ok ? text.value : undefined;
  };
}

/** Like `checkFile`, refused when anything is an error. */
export async function checkedFile(
  place: Place,
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<Result<Checked & { workflow: Workflow; plan: Plan }, Refusal>> {
  const checked = await checkFile(place, file, env);
  if (!checked.ok) return checked;
  const { workflow, plan, source, diagnostics, sources } = checked.value;
  if (workflow !== undefined && plan !== undefined) return ok({ ...checked.value, workflow, plan });
  return err({ message: `${source.path} has errors; nothing was started`, diagnostics, sources });
}

/** A file outside a repository may name its neighbours; one inside may not reach out of the repository. */
function diskReader(
  place: Place,
  file: string,
  named: Map<string, string>,
): (written: string) => Result<string, string> {
  const directory = path.dirname(file);
  const inside = lies(place.root, file) ? place.root : directory;
  return (written) => {
    const other = path.resolve(directory, written);
    if (!named.has(other)) named.set(other, stamp(other));
    return readText(other, inside);
  };
}
