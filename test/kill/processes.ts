// Looks for processes that should be gone.
import { readdirSync, readFileSync } from 'node:fs';
import { setInterval as ticks } from 'node:timers/promises';

/** The processes whose environment holds `text`, as `pid command`. Linux only; a process that is gone but not buried has none. */
export function holding(text: string): readonly string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`).includes(text)) continue;
      found.push(
        `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 200)}`,
      );
    } catch {
      // It ended meanwhile, or is somebody else's.
    }
  }
  return found;
}

/** Until `condition` holds, looked at every 20 ms; after ten seconds the test fails with what `describe` gives. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  describe: () => string,
): Promise<void> {
  if (await condition()) return;
  let looks = 0;
  for await (const _ of ticks(20)) {
    if (await condition()) return;
    if (++looks > 500) throw new Error(describe());
  }
}
