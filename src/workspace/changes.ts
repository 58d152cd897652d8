/** Says of each file what became of it between two recordings. */
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { names, shown } from './git.ts';
import { isLeftOut } from './left-out.ts';
import type { Store } from './store.ts';

/** What became of a file. `mode` is a change of the executable bit alone; `type` a file that is a link now, or the other way round. */
export type ChangeStatus = 'added' | 'modified' | 'deleted' | 'renamed' | 'mode' | 'type';

/** One file that differs. Paths as people read them. */
export interface Change {
  readonly path: string;
  readonly status: ChangeStatus;
  /** Where a renamed file was. */
  readonly from?: string;
  /** Git's modes before and after, where both are there and differ: `100644`, `100755`, `120000` for a link. */
  readonly modes?: readonly [string, string];
  /** Lines, or null where the file is binary. */
  readonly added: number | null;
  readonly removed: number | null;
}

/** One entry of a difference as git tells it; paths as of `names`. */
export interface RawChange {
  readonly path: string;
  readonly fromMode: string;
  readonly toMode: string;
  readonly toObject: string;
}

/** Everything that differs, renames as what they are, in the order of the paths. `paths` are taken literally; all without them. */
export async function changes(
  store: Store,
  from: string,
  to: string,
  paths: readonly string[] = [],
): Promise<Result<readonly Change[], Failure>> {
  const base = ['diff-tree', '-r', '-z', '-M', '--no-ext-diff', '--no-textconv'];
  const [raw, counted] = await Promise.all([
    store.ours([...base, '--raw', from, to, '--', ...paths]),
    store.ours([...base, '--numstat', from, to, '--', ...paths]),
  ]);
  if (!raw.ok) return raw;
  if (!counted.ok) return counted;
  const lines = linesOf(names(counted.value));
  const fields = names(raw.value);
  const all: Change[] = [];
  for (let i = 0; i < fields.length; ) {
    const [fromMode = '', toMode = '', fromObject = '', toObject = '', kind = ''] = (fields[i] ?? '')
      .slice(1)
      .split(' ');
    const renamed = kind.startsWith('R') || kind.startsWith('C');
    const before = fields[i + 1] ?? '';
    const name = renamed ? (fields[i + 2] ?? '') : before;
    i += renamed ? 3 : 2;
    if (isLeftOut(store, name)) continue;
    const [added, removed] = lines.get(name) ?? [0, 0];
    all.push({
      path: shown(name),
      status: renamed ? 'renamed' : statusOf(kind, fromObject === toObject),
      ...(renamed ? { from: shown(before) } : {}),
      ...(fromMode !== toMode && fromMode !== ABSENT && toMode !== ABSENT
        ? { modes: [fromMode, toMode] as const }
        : {}),
      ...{ added, removed },
    });
  }
  return ok(all);
}

const ABSENT = '000000';

function statusOf(kind: string, sameBytes: boolean): ChangeStatus {
  if (kind === 'A') return 'added';
  if (kind === 'D') return 'deleted';
  if (kind === 'T') return 'type';
  return sameBytes ? 'mode' : 'modified';
}

/** What `--numstat -z` says by the new name: a renamed file is `<added> TAB <removed> TAB`, then both names as entries of their own. */
function linesOf(fields: readonly string[]): ReadonlyMap<string, readonly [number | null, number | null]> {
  const all = new Map<string, readonly [number | null, number | null]>();
  for (let i = 0; i < fields.length; i++) {
    const [added = '', removed = '', ...rest] = (fields[i] ?? '').split('\t');
    let name = rest.join('\t');
    if (name === '') {
      name = fields[i + 2] ?? '';
      i += 2;
    }
    all.set(name, [numberOf(added), numberOf(removed)]);
  }
  return all;
}

/** Git counts no lines of a binary file. */
function numberOf(text: string): number | null {
  return text === '-' ? null : Number(text);
}

/** Everything that differs, renames as two entries. */
export async function rawChanges(
  store: Store,
  from: string,
  to: string,
  paths: readonly string[],
): Promise<Result<readonly RawChange[], Failure>> {
  const listed = await store.ours([
    'diff-tree',
    '-r',
    '-z',
    '--no-renames',
    '--raw',
    from,
    to,
    '--',
    ...paths,
  ]);
  if (!listed.ok) return listed;
  const fields = names(listed.value);
  const all: RawChange[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [fromMode = '', toMode = '', , toObject = ''] = (fields[i] ?? '').slice(1).split(' ');
    const name = fields[i + 1] ?? '';
    if (!isLeftOut(store, name)) all.push({ path: name, fromMode, toMode, toObject });
  }
  return ok(all);
}
