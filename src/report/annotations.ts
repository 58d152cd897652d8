/** Shows what is wrong with files as annotations of GitHub Actions. */
import type { Diagnostic } from '../model/diagnostic.ts';
import { locator } from '../model/source.ts';
import { cleanForGithub } from './clean.ts';
import { cells } from './source-line.ts';
import { MOST_OF_A_KIND, workflowCommand } from './workflow-command.ts';

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
    return workflowCommand(d.severity, properties, `${cells(d.message)}\n${cells(d.suggestion)}`);
  });
  return lines.map((line) => `${line}\n`).join('');
}
