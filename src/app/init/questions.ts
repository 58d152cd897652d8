/** Asks what a first workflow is to be. */

import { table } from '../../report/table.ts';
import type { Ask } from '../lines.ts';
import { screenText } from '../print.ts';
import type { TestCommand } from './listing.ts';
import { isTemplate, readTemplate, TEMPLATES, type TemplateName } from './templates.ts';

/** The templates with what they do, as lines. */
export function templateLines(root: string): readonly string[] {
  return table(TEMPLATES.map((name) => [`  ${name}`, readTemplate(root, name).does]));
}

/** Which template; undefined for who goes away. Enter takes `usual`, the beginning of a name is enough. */
export async function askTemplate(
  root: string,
  usual: TemplateName,
  ask: Ask,
): Promise<TemplateName | undefined> {
  say(['What is it to do?', '', ...templateLines(root), '']);
  return choose(`template (Enter for ${usual}): `, TEMPLATES, usual, ask, isTemplate);
}

/** Which engine, of those that are here; `''` for what the template names. */
export function askEngine(here: readonly string[], ask: Ask): Promise<string | undefined> {
  const anything = (word: string): word is string => word === '' || here.includes(word);
  return choose(`engine: ${here.join(', ')} (Enter for what the template says): `, here, '', ask, anything);
}

/** Which command tests the project. */
export async function askTest(found: TestCommand | undefined, ask: Ask): Promise<string | undefined> {
  const usual =
    found === undefined ? 'to write it down later' : `for \`${found.command}\`, from ${found.from}`;
  return (await ask(`command that runs the tests (Enter ${usual}): `))?.trim();
}

async function choose<T extends string>(
  question: string,
  all: readonly T[],
  usual: T,
  ask: Ask,
  fits: (word: string) => word is T,
): Promise<T | undefined> {
  for (;;) {
    const typed = (await ask(question))?.trim();
    if (typed === undefined) return undefined;
    if (typed === '') return usual;
    if (fits(typed)) return typed;
    const meant = all.filter((one) => one.startsWith(typed));
    if (meant.length === 1) return meant[0];
    say([`there is no ${typed}: ${all.join(', ')}`]);
  }
}

function say(lines: readonly string[]): void {
  process.stderr.write(screenText(`${lines.join('\n')}\n`, process.stderr, process.env));
}
