/** Writes the lines that the runner of GitHub Actions takes for commands. */
import { cleanForGithub } from './clean.ts';

/** Characters of a message; GitHub cuts at 64 KiB of UTF-8, in which a character takes up to four bytes. */
const LONGEST = 16_000;

/** GitHub shows so many annotations of one kind per step, and drops the others (actions/toolkit, docs/problem-matchers.md). */
export const MOST_OF_A_KIND = 10;

/** The commands that are written here. */
export type CommandName = 'error' | 'warning' | 'notice' | 'group' | 'endgroup';

/**
 * One command as one line, without its end. No text in it can become a second one: what would end a property, or the line, is
 * escaped (https://docs.github.com/actions/reference/workflow-commands-for-github-actions), and what the log would show as a command
 * of its own is taken apart.
 */
export function workflowCommand(
  name: CommandName,
  properties: Readonly<Record<string, string | number>>,
  text: string,
): string {
  const named = Object.entries(properties).map(([key, value]) => `${key}=${property(String(value))}`);
  return `::${name}${named.length === 0 ? '' : ' '}${named.join(',')}::${data(harmless(text))}`;
}

function harmless(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return cleanForGithub(cut, { color: false });
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(harmless(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
