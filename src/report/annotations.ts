/** Shows what is wrong with files as annotations of GitHub Actions. */
import type { Diagnostic } from '../model/diagnostic.ts';
import { locator } from '../model/source.ts';
import { cleanForGithub } from './clean.ts';
import { cells } from './source-line.ts';

/** GitHub shows so many annotations of one kind per step, and drops the others (actions/toolkit, docs/problem-matchers.md). */
const MOST_OF_A_KIND = 10;

/** Characters of a message; GitHub cuts at 64 KiB of UTF-8, in which a character takes up to four bytes. */
const LONGEST = 16_000;

/**
 * One workflow command per diagnostic, as far as GitHub shows them; the others as lines of the log, so that nothing is lost. No text
 * of a file can become a command: what would end a property, or a line, is escaped
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 * @param pathOf the path of a file relative to the repository's root
 */
export function annotations(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  pathOf: (path: string) => string,
): string {
  const shown = { error: 0, warning: 0 };
  const locators = new Map<string, ReturnType<typeof locator>>();
  const lines = diagnostics.map((d) => {
    const locate = locators.get(d.path) ?? locator(sources.get(d.path) ?? '');
    locators.set(d.path, locate);
    const [start, end] = [locate(d.at.start), locate(d.at.end)];
    shown[d.severity]++;
    if (shown[d.severity] > MOST_OF_A_KIND) {
      const line = `${d.path}:${start.line}:${start.column}: ${d.severity}[${d.code}]: ${d.message}: ${d.suggestion}`;
      return cleanForGithub(cells(line), { color: false });
    }
    // Columns of a place that goes over several lines are refused.
    const one = start.line === end.line;
    const properties = {
      file: cells(pathOf(d.path)),
      line: start.line,
      ...(one ? { col: start.column, endColumn: Math.max(end.column, start.column + 1) } : {}),
      endLine: end.line,
      title: d.code,
    };
    const named = Object.entries(properties).map(([key, value]) => `${key}=${property(String(value))}`);
    return `::${d.severity} ${named.join(',')}::${data(`${cells(d.message)}\n${cells(d.suggestion)}`)}`;
  });
  return lines.map((line) => `${line}\n`).join('');
}

function data(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return cut.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
