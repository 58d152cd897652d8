/** Runs a file of the corpus the way `codemachine validate` does. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkAnswers } from '../../src/app/engines/answer-check.ts';
import { checkAgents } from '../../src/app/engines/engine-check.ts';
import { compilePattern } from '../../src/engines/patterns.ts';
import { type Config, NO_CONFIG } from '../../src/model/config.ts';
import { type Diagnostic, hasErrors, sorted } from '../../src/model/diagnostic.ts';
import { err, ok } from '../../src/model/result.ts';
import { globProblem } from '../../src/plan/glob-problem.ts';
import { planWorkflow } from '../../src/plan/plan.ts';
import { printDiagnostics } from '../../src/report/squiggle.ts';
import { readConfig } from '../../src/workflow/config.ts';
import { settled } from '../../src/workflow/ignore.ts';
import { withUses } from '../../src/workflow/library.ts';
import type { ReadWorld } from '../../src/workflow/reading.ts';
import { readWorkflow } from '../../src/workflow/workflow.ts';

/** A world whose files are those of a directory. */
export function worldAt(directory: string, more: Partial<ReadWorld> = {}): ReadWorld {
  return {
    readFile: (file) => {
      try {
        return ok(readFileSync(path.join(directory, file), 'utf8'));
      } catch {
        return err('it is not there');
      }
    },
    existsInWorkspace: (file) => existsSync(path.join(directory, file)),
    globProblem,
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    config: NO_CONFIG,
    hasGit: true,
    ...more,
  };
}

/** A file of the corpus: the code whose folder it is in, its name without ending. */
export interface Case {
  readonly code: string;
  readonly name: string;
  readonly file: string;
}

/** Every case below a directory: `*.yml`, or `*.make.mjs` whose default export is the text; `*.config.yml` is a configuration. */
export function casesOf(directory: string): readonly Case[] {
  return readdirSync(directory).flatMap((code) =>
    readdirSync(path.join(directory, code))
      .filter((file) => file.endsWith('.yml') || file.endsWith('.make.mjs'))
      .map((file) => ({
        code,
        name: file.replace(/\.(yml|make\.mjs)$/, ''),
        file: path.join(directory, code, file),
      })),
  );
}

/** What is printed about a case, with the codes that were found. A first line `# no-git` takes the repository away. */
export async function judge({
  file,
  name,
}: Case): Promise<{ readonly printed: string; readonly codes: readonly string[] }> {
  const text: string = file.endsWith('.mjs')
    ? ((await import(pathToFileURL(file).href)) as { default: string }).default
    : readFileSync(file, 'utf8');
  const source = { path: `${name}.yml`, text };
  const world = worldAt(path.dirname(file), {
    hasGit: !text.startsWith('# no-git'),
    config: configBeside(file),
  });
  const { diagnostics, sources } = name.endsWith('.config')
    ? configOf(source)
    : await workflowOf(source, world);
  return {
    printed: printDiagnostics(diagnostics, sources, { color: false }),
    codes: diagnostics.map((d) => d.code),
  };
}

/** The configuration that a case is judged under: `<case>.settings` beside it. */
function configBeside(file: string): Config {
  const beside = file.replace(/\.(yml|make\.mjs)$/, '.settings');
  if (!existsSync(beside)) return NO_CONFIG;
  return readConfig({ path: '.codemachine/config.yml', text: readFileSync(beside, 'utf8') }).config;
}

/** What is wrong with a file, and the files that this is about. */
export type Judged = {
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, string>;
};

function configOf(source: { path: string; text: string }): Judged {
  const { diagnostics } = readConfig(source, 'config', { below: {}, pattern: compilePattern });
  return { diagnostics, sources: new Map([[source.path, source.text]]) };
}

/** Everything that is wrong with a workflow file. */
export async function workflowOf(source: { path: string; text: string }, world: ReadWorld): Promise<Judged> {
  const read = readWorkflow(source, world);
  const planned = read.workflow === undefined ? [] : planWorkflow(read.workflow).diagnostics;
  const inTree = (file: string): string | undefined => {
    const text = world.readFile(file);
    return text.ok ? text.value : undefined;
  };
  const engines = read.workflow === undefined ? [] : checkAgents(read.workflow, world.config, inTree);
  const found = withUses(
    settled(sorted([...read.diagnostics, ...planned, ...engines]), read.ignores),
    read.usedAt,
  );
  // As the program does: what is no workflow yet is not asked about its answers.
  const answers = read.workflow === undefined || hasErrors(found) ? [] : await checkAnswers(read.workflow);
  return { diagnostics: sorted([...found, ...answers]), sources: read.sources };
}
