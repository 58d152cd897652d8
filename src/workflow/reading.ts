/** Holds what the parts of one reading share. */
import type { Config } from '../model/config.ts';
import { type ArgsOf, type Code, type Diagnostic, diagnose, type Related } from '../model/diagnostic.ts';
import { type Expr, literal, type Template } from '../model/expression.ts';
import type { Result } from '../model/result.ts';
import { besides, type Range, type SourceFile } from '../model/source.ts';
import type { Among } from './library.ts';
import { readBare, readTemplate } from './template.ts';
import type { Text } from './text.ts';
import { child, type Node } from './tree.ts';

/** What reading needs from outside. */
export interface ReadWorld {
  /** The text of a file named in the workflow, by the path written there: relative to the workflow file. The error is a sentence's end: "is not there". */
  readonly readFile: (pathRelativeToWorkflowFile: string) => Result<string, string>;
  /** Whether a path, relative to the root of the workspace, exists. */
  readonly existsInWorkspace: (path: string) => boolean;
  /** Why a glob cannot be used: a sentence, then `; ` and what to do; undefined where it can. */
  readonly globProblem: (glob: string) => string | undefined;
  /** SHA-256 of a text's UTF-8 bytes, in hex. */
  readonly sha256: (text: string) => string;
  readonly config: Config;
  readonly hasGit: boolean;
}

/** A file that the workflow names. Its places are counted on from the end of the workflow file, so that one number says file and place. */
export interface NamedFile {
  readonly path: string;
  readonly text: string;
  readonly base: number;
}

/** A path that is not there while the file is read. */
export interface Awaited {
  readonly value: string;
  readonly key: 'copy' | 'link';
  /** Whether each step that looks for it has one before it, which may make it; undefined where no step does. */
  readonly after?: boolean;
}

/** One reading of one workflow file. */
export interface Reading {
  readonly source: SourceFile;
  readonly root: Node;
  readonly world: ReadWorld;
  readonly report: (diagnostic: Diagnostic) => void;
  /** Files read so far, by the path as written; undefined for those that could not be read. */
  readonly files: Map<string, NamedFile | undefined>;
  /** Templates read so far: an agent's are read once, however many steps it does. */
  readonly templates: Map<Node, Template>;
  /** Values that are already judged, since steps share agents and defaults. */
  readonly judged: Set<Node>;
  /** Paths that steps look for when they start, by where they are written. */
  readonly awaited: Map<Node, Awaited>;
  /** Where the file stands among those that use each other. */
  readonly among: Among;
  /** Steps about which something is wrong or not supported, so that nothing is concluded from what they lack. */
  readonly opaque: Set<Node>;
}

/** Complains about a place of the file that is read. */
export function complain<C extends Code>(
  reading: Reading,
  code: C,
  at: Range,
  args: ArgsOf<C>,
  related?: readonly Related[],
): void {
  reading.report(diagnose(code, reading.source.path, at, args, related === undefined ? {} : { related }));
}

/** The template at a key; undefined where there is no text. */
export function templateAt(reading: Reading, node: Node | undefined, key: string): Template | undefined {
  return templateOf(reading, child(node, key));
}

/** A scalar as a template, read once. */
export function templateOf(reading: Reading, node: Node | undefined): Template | undefined {
  if (node?.kind !== 'scalar' || node.value === null) return undefined;
  const before = reading.templates.get(node);
  if (before !== undefined) return before;
  // Most values hold no expression; those need no way back to their characters.
  const plain = !node.written.includes('${{');
  const template = plain
    ? literal(node.written, node.at)
    : readTemplate(node.text(), reading.source.path, reading.report);
  reading.templates.set(node, template);
  return template;
}

/** A scalar as one expression; undefined when it is none, which is reported. */
export function expressionOf(reading: Reading, node: Node | undefined): Expr | undefined {
  if (node?.kind !== 'scalar' || node.value === null) return undefined;
  return readBare(node.text(), reading.source.path, reading.report);
}

/** Reads a file that the workflow names; one that cannot be read is complained about at each place that names it. */
export function readNamedFile(reading: Reading, node: Node, help: string): NamedFile | undefined {
  if (node.kind !== 'scalar') return undefined;
  const path = node.written;
  const before = reading.files.get(path);
  if (before !== undefined) return before;
  const read = reading.world.readFile(path);
  if (!read.ok) {
    complain(reading, 'missing-file', node.at, { file: path, problem: read.error, help });
    return undefined;
  }
  let base = reading.source.text.length + 1;
  for (const file of reading.files.values())
    if (file !== undefined) base = Math.max(base, file.base + file.text.length + 1);
  const file = { path, text: read.value, base };
  reading.files.set(path, file);
  return file;
}

/** A whole file as a text whose places are the file's. */
export function fileText(file: NamedFile): Text {
  const at = { start: file.base, end: file.base + file.text.length };
  return { value: file.text, at, offset: (index) => file.base + index, block: false };
}

/** Puts a complaint about a named file where it belongs. */
export function relocated(reading: Reading, diagnostic: Diagnostic): Diagnostic {
  if (diagnostic.at.start <= reading.source.text.length) return diagnostic;
  for (const file of reading.files.values()) {
    if (
      file === undefined ||
      diagnostic.at.start < file.base ||
      diagnostic.at.start > file.base + file.text.length
    )
      continue;
    const { fix: _, ...rest } = diagnostic;
    const at = { start: diagnostic.at.start - file.base, end: diagnostic.at.end - file.base };
    return { ...rest, path: besides(reading.source.path, file.path), at };
  }
  return diagnostic;
}
