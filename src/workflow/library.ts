/** Holds the files that one reading of a workflow has come to: the workflow, and those that it uses. */
import type { Diagnostic, Related } from '../model/diagnostic.ts';
import { ownSteps } from '../model/parts.ts';
import type { Result } from '../model/result.ts';
import { ok } from '../model/result.ts';
import { besides, type SourceFile } from '../model/source.ts';
import type { Workflow } from '../model/workflow.ts';
import type { Ignore } from './ignore.ts';
import type { Reading, ReadWorld } from './reading.ts';
import { entriesOf, type Node } from './tree.ts';

/** How many files a chain of `uses` may have below the outermost. */
export const MOST_DEEP = 8;

/** How many steps a workflow may have with all its parts. */
export const MOST_STEPS = 100_000;

/** A workflow that is used, as it was read. */
export interface PartRead {
  /** Missing where the file is too wrong to mean anything. */
  readonly workflow?: Workflow;
  /** How many files a chain of `uses` has below it. */
  readonly height: number;
  /** The keys that it has at its top. */
  readonly keys: ReadonlySet<string>;
}

/** Where a workflow stands among those that use each other. */
export interface Among {
  readonly library: Library;
  /** The file, as all of them are called: from the directory of the outermost, with `./` or `../` in front. */
  readonly path: string;
  /** Those that led to it, outermost first. */
  readonly chain: readonly string[];
}

/** The one who names a part. */
interface User {
  readonly reading: Reading;
  readonly node: Node;
  readonly around: readonly string[];
}

/** Everything that was read. */
export interface Library {
  readonly found: Diagnostic[];
  readonly ignores: Ignore[];
  /** Texts by the path that people are shown. */
  readonly sources: Map<string, string>;
  /** Of each part, by the path that people are shown: where it was first named. */
  readonly usedAt: Map<string, Related>;
  /** Texts of the parts, and of the files that they name, as all files are called. */
  readonly files: Map<string, string>;
  /** Reads a part, once. The error is a sentence's end. */
  part(file: string, user: User): Result<PartRead, string>;
  /** Whether a workflow may use that part too, given what it uses already; `known` where there are too many steps, which was said. */
  fits(path: string, part: string): boolean | 'known';
}

/** What reads one file. */
export type ReadOne = (source: SourceFile, world: ReadWorld, among: Among) => ReadFile;

/** One file that was read. */
export interface ReadFile {
  readonly workflow?: Workflow;
  readonly root?: Node;
}

/** How a file is called that is named in another. */
export function keyFrom(path: string, written: string): string {
  const joined = besides(path.replace(/^\.\//, ''), written);
  return /^(\.\.\/|\/)/.test(joined) ? joined : `./${joined}`;
}

/** Starts with nothing read. */
export function openLibrary(outermost: SourceFile, world: ReadWorld, readOne: ReadOne): Library {
  const parts = new Map<string, PartRead>();
  const counts = new Map<string, number>();
  const over = new Set<string>();
  const read = (file: string, text: string, { reading, node, around }: User): PartRead => {
    const source = { path: besides(outermost.path, file), text };
    library.sources.set(source.path, text);
    library.files.set(file, text);
    const used = { path: reading.source.path, at: node.at, message: 'it is used here' };
    library.usedAt.set(source.path, used);
    const inside: ReadWorld = { ...world, readFile: (written) => world.readFile(keyFrom(file, written)) };
    const { workflow, root } = readOne(source, inside, { library, path: file, chain: around });
    const keys = new Set([...entriesOf(root)].map(({ name }) => name));
    const below = usedBy(workflow).map((name) => (parts.get(name)?.height ?? 0) + 1);
    return { ...(workflow === undefined ? {} : { workflow }), height: Math.max(0, ...below), keys };
  };
  const total = (file: string): number => {
    const { workflow } = parts.get(file) ?? {};
    if (workflow === undefined) return 0;
    const own = ownSteps(workflow).length;
    return own + (counts.get(file) ?? 0);
  };
  const library: Library = {
    ...{ found: [], ignores: [], sources: new Map(), usedAt: new Map(), files: new Map() },
    part: (file, user) => {
      const before = parts.get(file);
      if (before !== undefined) return ok(before);
      const text = world.readFile(file);
      if (!text.ok) return text;
      const part = read(file, text.value, user);
      parts.set(file, part);
      return ok(part);
    },
    fits: (path, part) => {
      if (over.has(path) || over.has(part)) {
        over.add(path);
        return 'known';
      }
      const count = (counts.get(path) ?? 0) + total(part);
      counts.set(path, count);
      if (count <= MOST_STEPS) return true;
      over.add(path);
      return false;
    },
  };
  return library;
}

function usedBy(workflow: Workflow | undefined): readonly string[] {
  const steps = workflow === undefined ? [] : ownSteps(workflow);
  return steps.flatMap((step) => (step.kind === 'uses' ? [step.file] : []));
}

/** Adds to what is wrong with a part where it is used. */
export function withUses(
  diagnostics: readonly Diagnostic[],
  usedAt: ReadonlyMap<string, Related>,
): readonly Diagnostic[] {
  if (usedAt.size === 0) return diagnostics;
  return diagnostics.map((d) => {
    const used = usedAt.get(d.path);
    return used === undefined ? d : { ...d, related: [...(d.related ?? []), used] };
  });
}
