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
  const pen = penFor(sources, more.pathOf);
  const rules = codes.map((code) => rule(code, more));
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'codemachine', semanticVersion: more.version, rules } },
        columnKind: 'utf16CodeUnits',
        results: diagnostics.map((d) => result(d, codes.indexOf(d.code), pen)),
      },
    ],
  };
}

/** Writes places the way a log does. */
interface Pen {
  readonly artifact: (path: string) => unknown;
  readonly region: (path: string, at: Range) => unknown;
  readonly place: (path: string, at: Range) => object;
}

function penFor(sources: ReadonlyMap<string, string>, pathOf: SarifMore['pathOf']): Pen {
  const locators = new Map<string, Locate>();
  const region = (path: string, { start, end }: Range) => {
    const locate = locators.get(path) ?? locator(sources.get(path) ?? '');
    locators.set(path, locate);
    const [from, to] = [locate(start), locate(end)];
    return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
  };
  const artifact = (path: string) => ({ uri: uriOf(pathOf(path)) });
  const place = (path: string, at: Range) => ({
    physicalLocation: {
      artifactLocation: artifact(path),
      ...(sources.has(path) ? { region: region(path, at) } : {}),
    },
  });
  return { artifact, region, place };
}

function result(d: Diagnostic, ruleIndex: number, pen: Pen): unknown {
  const related = d.related?.map(({ path, at, message }, id) => ({
    id,
    ...pen.place(path, at),
    message: { text: message },
  }));
  return {
    ruleId: d.code,
    ruleIndex,
    level: d.severity,
    message: { text: `${d.message}: ${d.suggestion}` },
    locations: [pen.place(d.path, d.at)],
    ...(related === undefined ? {} : { relatedLocations: related }),
    ...(d.fix === undefined ? {} : { fixes: [fixed(d.path, d.fix, pen)] }),
  };
}

function fixed(path: string, { description, edits }: Fix, pen: Pen): unknown {
  const replacements = edits.map(({ at, text }) => ({
    deletedRegion: pen.region(path, at),
    insertedContent: { text },
  }));
  return {
    description: { text: description },
    artifactChanges: [{ artifactLocation: pen.artifact(path), replacements }],
  };
}

function rule(code: string, { about }: SarifMore): unknown {
  const text = about(code);
  const { severity } = CATALOGUE[code as keyof typeof CATALOGUE];
  return {
    id: code,
    shortDescription: { text: code.replaceAll('-', ' ') },
    ...(text === undefined ? {} : { fullDescription: { text }, help: { text, markdown: text } }),
    defaultConfiguration: { level: severity },
  };
}

// A path is no URI: it may hold spaces, `%`, `#`, `?`, and a `:` that would be taken for a scheme's.
function uriOf(path: string): string {
  const escaped = path.split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${escaped}` : escaped;
}
