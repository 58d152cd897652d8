/** Reads the workflows that a project can start with. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** From simple to whole: the names of files of `examples/`. */
export const TEMPLATES = [
  'linear',
  'looped-fix',
  'gated-release',
  'review-pr',
  'hotfix',
  'feature',
  'parallel-agents',
  'docs-sync',
  'overnight',
] as const;

/** The name of a template. */
export type TemplateName = (typeof TEMPLATES)[number];

/** A template as it is shipped. */
export interface Template {
  readonly name: TemplateName;
  /** Its first line: what it does. */
  readonly does: string;
  readonly text: string;
}

/**
 * Reads a template.
 * @param root the directory of the package
 * @throws Error when the package has it not
 */
export function readTemplate(root: string, name: TemplateName): Template {
  const text = readFileSync(path.join(root, 'examples', `${name}.yml`), 'utf8');
  return { name, does: /^# (.*)$/m.exec(text)?.[1] ?? '', text };
}

/** Whether there is a template of that name. */
export function isTemplate(name: string): name is TemplateName {
  return (TEMPLATES as readonly string[]).includes(name);
}
