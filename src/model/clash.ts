/** Says what a merge could not decide. */
import { fileName } from './file-name.ts';

/** What stands at a path on one side of a merge. */
export type Version =
  | { readonly kind: 'none' | 'directory' }
  /** `object` is the id that git knows its bytes by. */
  | { readonly kind: 'file'; readonly object: string; readonly bytes: number; readonly executable: boolean }
  | { readonly kind: 'link'; readonly object: string; readonly target: string }
  | { readonly kind: 'submodule'; readonly object: string };

/** The two sides of a merge: the tree in which all work together, the change of the step. */
export type Side = 'shared' | 'step';

/** How a person brought a change into the tree. */
export interface Applied {
  /** The files in conflict, with both sides between markers where that can be; absent where it fitted. */
  readonly conflicts?: readonly string[];
  /** Files in conflict of which one side was chosen; nothing else of the change was brought in then. */
  readonly taken?: { readonly side: Side; readonly paths: readonly string[] };
}

/** One name that a conflict is about. */
export interface ClashAt {
  readonly path: string;
  readonly shared: Version;
  readonly step: Version;
  /** Whose version the merge left there: `none` where neither is, as in a file with both between markers. */
  readonly there: Side | 'both' | 'none';
}

/** A file that a merge put beside the place where it could not be. */
export interface Beside {
  readonly path: string;
  readonly side: Side;
  /** Where it belongs. */
  readonly of: string;
}

/**
 * Why git could not decide: both changed the same lines, or what is no text, or where a link leads; one deleted what the other changed;
 * one made something of another kind of it; they renamed what the other renamed, deleted or added to.
 */
export type ClashKind = 'lines' | 'binary' | 'link' | 'deleted' | 'type' | 'rename' | 'submodule';

const SHOWN_OBJECT = 12;

/** One conflict. */
export interface Clash {
  readonly kind: ClashKind;
  /** The names that it is about, as they stand in what the merge made, those of `beside` too. */
  readonly paths: readonly string[];
  /** Whether both sides stand between markers: who takes them out decides. */
  readonly marked: boolean;
  readonly at: readonly ClashAt[];
  readonly beside: readonly Beside[];
}

/** The bytes of a file that is not in the tree, under a name beside it. */
export interface Lent {
  readonly path: string;
  /** The id that git knows its bytes by. */
  readonly object: string;
  readonly executable: boolean;
  readonly side: Side;
  /** Whose version it is. */
  readonly of: string;
}

/** What a merge has put nowhere: the versions in whose place the other side's is. The id in the name makes it nobody else's. */
export function elsewhere({ at, marked, beside }: Clash): readonly Lent[] {
  if (marked) return [];
  return at.flatMap((one) => {
    if (one.there !== 'shared' && one.there !== 'step') return [];
    const side: Side = one.there === 'shared' ? 'step' : 'shared';
    const version = one[side];
    if (version.kind !== 'file' || beside.some(({ of }) => of === one.path)) return [];
    const { object, executable } = version;
    return [
      {
        path: `${one.path}~${side}-${object.slice(0, SHOWN_OBJECT)}`,
        object,
        executable,
        side,
        of: one.path,
      },
    ];
  });
}

/** The conflicts that no line of any file tells of. */
export function unmarkedOf(clashes: readonly Clash[] = []): readonly Clash[] {
  return clashes.filter(({ marked }) => !marked);
}

function versionWords(version: Version): string {
  switch (version.kind) {
    case 'none':
      return 'nothing';
    case 'directory':
      return 'a directory';
    case 'link':
      return `a link to ${fileName(version.target)}`;
    case 'submodule':
      return `a submodule at ${version.object.slice(0, SHOWN_OBJECT)}`;
    case 'file': {
      const { bytes, object, executable } = version;
      const what = executable ? 'an executable file' : 'a file';
      return `${what} of ${bytes} ${bytes === 1 ? 'byte' : 'bytes'} (${object.slice(0, SHOWN_OBJECT)})`;
    }
  }
}

/** What happened, half a sentence without the names. */
function kindWords({ kind, at }: Clash): string {
  switch (kind) {
    case 'lines':
      return 'both sides changed the same lines';
    case 'binary':
      return 'both sides changed it, and it is no text';
    case 'link':
      return 'both sides changed where the link leads';
    case 'deleted':
      return at.some(({ step }) => step.kind === 'none')
        ? 'the step deleted it, and the shared tree changed it'
        : 'the shared tree deleted it, and the step changed it';
    case 'type':
      return 'the sides made things of two kinds of it';
    case 'rename':
      return 'the sides gave and took names that do not fit together';
    case 'submodule':
      return 'both sides changed the submodule';
  }
}

/** Its names, without those of the files that the merge put beside. */
export function clashNames({ at, paths }: Clash): readonly string[] {
  return at.length > 0 ? at.map(({ path }) => path) : paths;
}

/** One line: the names, what happened, what either side has. */
export function clashLine(clash: Clash): string {
  const names = clashNames(clash)
    .map((path) => fileName(path))
    .join(', ');
  const has = (side: Side): string => {
    const there = clash.at.filter((one) => one[side].kind !== 'none');
    if (there.length === 0) return 'nothing';
    return there
      .map((one) =>
        clash.at.length === 1 ? versionWords(one[side]) : `${fileName(one.path)}, ${versionWords(one[side])}`,
      )
      .join('; ');
  };
  return `${names}: ${kindWords(clash)} (the shared tree has ${has('shared')}; the step has ${has('step')})`;
}

function placeWords({ shared, step, there }: ClashAt): string {
  if (there === 'both') return 'both sides have the same there';
  if (there === 'shared')
    return shared.kind === 'none' ? 'away, as in the shared tree' : "the shared tree's version is there";
  if (there === 'step')
    return step.kind === 'none' ? 'away, as the step left it' : "the step's version is there";
  return shared.kind === 'none' && step.kind === 'none'
    ? 'put there by the merge, as the other side has renamed the directory'
    : 'neither version is there as it was';
}

/** Whose version the merge left where, and what stands beside it. */
export function clashPlaces({ at, beside }: Clash): readonly string[] {
  const helpers = beside.map(
    ({ path, side, of }) =>
      `${fileName(path)} is ${side === 'step' ? "the step's" : "the shared tree's"} ${fileName(of)}`,
  );
  // What neither has is nowhere, and needs no words.
  const known = at.filter(({ shared, step, there }) => {
    return shared.kind !== 'none' || step.kind !== 'none' || there !== 'both';
  });
  const places = known.map((one) =>
    at.length === 1 ? placeWords(one) : `${fileName(one.path)}: ${placeWords(one)}`,
  );
  return [...places, ...helpers];
}
