/** Shows what is wrong with files as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/). */
import { CATALOGUE } from '../model/catalogue/catalogue.ts';
import type { Diagnostic, Fix } from '../model/diagnostic.ts';
import { locator, type Range } from '../model/source.ts';

/** What a log says beside the diagnostics. */
export interface SarifMore {
  readonly version: string;
  /** What a code means, for people; undefined for one without a page. */
  readonly about: (code: string) => string | undefined;
  /** A path relative to the repository's root, or absolute where it lies outside. */
  readonly pathOf: (path: string) => string;
}

type Locate = ReturnType<typeof locator>;

/** A log with one run: every code as a rule, every diagnostic as a result. Columns are UTF-16 units, from 1. */
export function sarifLog(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  more: SarifMore,
): unknown {
  const codes = Object.keys(CATALOGUE).sort();
  const locators = new Map<string, Locate>();
  const region = (path: string, { start, end }: Range) => {
    const locate = locators.get(path) ?? locator(sources.get(path) ?? '');
    locators.set(path, locate);
    const [from, to] = [locate(start), locate(end)];
    return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
  };
  const artifact = (path: string) => ({ uri: uriOf(more.pathOf(path)) });
  const place = (path: string, at: Range) => ({
    physicalLocation: {
      artifactLocation: artifact(path),
      ...(sources.has(path) ? { region: region(path, at) } : {}),
    },
  });
  const fixed = (path: string, { description, edits }: Fix) => ({
    description: { text: description },
    artifactChanges: [
      {
        artifactLocation: artifact(path),
        replacements: edits.map(({ at, text }) => ({
          deletedRegion: region(path, at),
          insertedContent: { text },
        })),
      },
    ],
  });
  const results = diagnostics.map((d) => ({
    ruleId: d.code,
    ruleIndex: codes.indexOf(d.code),
    level: d.severity,
    message: { text: `${d.message}: ${d.suggestion}` },
    locations: [place(d.path, d.at)],
    ...(d.related === undefined
      ? {}
      : {
          relatedLocations: d.related.map((r, id) => ({
            id,
            ...place(r.path, r.at),
            message: { text: r.message },
          })),
        }),
    ...(d.fix === undefined ? {} : { fixes: [fixed(d.path, d.fix)] }),
  }));
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'codemachine',
            semanticVersion: more.version,
            rules: codes.map((code) => rule(code, more)),
          },
        },
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  };
}

function rule(code: string, { about }: SarifMore): unknown {
  const text = about(code);
  const { severity } = CATALOGUE[code as keyof typeof CATALOGUE];
  return {
    id: code,
    shortDescription: { text: code.replaceAll('-', ' ') },
    ...(text === undefined ? {} : { fullDescription: { text }, help: { text, markdown: text } }),
    helpUri: `https://www.npmjs.com/package/codemachine#${code}`,
    defaultConfiguration: { level: severity },
  };
}

// A path is no URI: it may hold spaces, `%`, `#`, `?`, and a `:` that would be taken for a scheme's.
function uriOf(path: string): string {
  const escaped = path.split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${escaped}` : escaped;
}
