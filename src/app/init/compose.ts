/** Makes a first workflow that is valid where it is to stand. */
import type { Config } from '../../model/config.ts';
import { hasErrors } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { type Filled, fillTemplate } from '../../workflow/fill.ts';
import { type Checked, checkSource } from '../check.ts';
import type { Place } from '../place.ts';
import type { Refusal } from '../refusal.ts';
import type { Choice } from './engines.ts';
import type { Template } from './templates.ts';

/** What stands where a project has no tests: it fails, since nothing has been tested. */
export const NO_TEST = "echo 'the command that runs the tests belongs here' >&2; exit 1";

/** A workflow for this project. */
export interface Composed extends Filled {
  /** Whether there is nothing to be warned of. */
  readonly clean: boolean;
}

/** What it is made of. */
export interface Ingredients {
  readonly template: Template;
  readonly test: string;
  /** How engines may be chosen, best first. */
  readonly choices: readonly Choice[];
  /** The absolute path it is to stand at. */
  readonly file: string;
  /** The same as people are shown it. */
  readonly shown: string;
  readonly config: Config;
}

/** Takes the first choice of engines with which the workflow has no problem, no warning either; refused where there is none. */
export async function compose(place: Place, made: Ingredients): Promise<Result<Composed, Refusal>> {
  const { template, test, file, shown: path, config } = made;
  // Where git is missing is said by itself, and changes nothing about the file.
  const there = { ...place, hasGit: true };
  let first: Checked | undefined;
  let allowed: Composed | undefined;
  for (const engines of made.choices) {
    const filled = fillTemplate(template.text, { test, engines });
    const checked = await checkSource(there, file, { path, text: filled.text }, config);
    first ??= checked;
    if (hasErrors(checked.diagnostics)) continue;
    if (checked.diagnostics.length === 0) return ok({ ...filled, clean: true });
    allowed ??= { ...filled, clean: false };
  }
  if (allowed !== undefined) return ok(allowed);
  return err({
    message: `the template ${template.name} cannot be run as it would stand here; nothing was written`,
    help: 'take another one, `codemachine init --list` shows them, or another engine with `--engine`',
    diagnostics: first?.diagnostics ?? [],
    sources: first?.sources ?? new Map(),
  });
}
