/** Finds the files that this program itself writes into the working tree, which are nobody's edits. */
import { fstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { FileId, LeftOut } from '../../workspace/left-out.ts';
import type { RunFlags } from '../runs/record.ts';

/**
 * The directory of `--record` or `--replay`, and the files that standard output and standard error are redirected to: an undo
 * that took one away would end somebody's log. What stands behind a pipe, as with `tee`, cannot be known.
 */
export function ownFiles({ record, replay }: RunFlags): LeftOut {
  const paths = [record, replay].filter((one) => one !== undefined).map(resolved);
  const files: FileId[] = [];
  for (const descriptor of [1, 2]) {
    const id = regularFile(descriptor);
    if (id === undefined) continue;
    const named = pathOf(descriptor, id);
    if (named === undefined) files.push(id);
    else paths.push(named);
  }
  return { paths, files };
}

function regularFile(descriptor: number): FileId | undefined {
  try {
    const stat = fstatSync(descriptor, { bigint: true });
    return stat.isFile() ? stat : undefined;
  } catch {
    // Closed by whoever started us.
    return undefined;
  }
}

/** Where the system tells it, by `/proc` (https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html), and it is still there. */
function pathOf(descriptor: number, id: FileId): string | undefined {
  try {
    const file = realpathSync(readlinkSync(`/proc/self/fd/${descriptor}`));
    const { dev, ino } = statSync(file, { bigint: true });
    return dev === id.dev && ino === id.ino ? file : undefined;
  } catch {
    return undefined;
  }
}

/** With its links resolved as far as it exists: a recording is made later than this is asked. */
export function resolved(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    const parent = path.dirname(directory);
    return parent === directory ? directory : path.join(resolved(parent), path.basename(directory));
  }
}
