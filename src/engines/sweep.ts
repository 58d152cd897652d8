/** Finds the processes that belong to a child of ours to end them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** How patient a sweep is, in milliseconds. */
export interface SweepPauses {
  /** From SIGTERM to SIGKILL; 0 kills at once. */
  readonly graceMs: number;
  /** Between two looks. */
  readonly pollMs: number;
}

/** A process has a second to put its things in order: nobody waits for a sweep longer than for the ladder. */
export const SWEEP: SweepPauses = { graceMs: 1_000, pollMs: 10 };

/** Ends at once. */
export const SWEEP_HARD: SweepPauses = { graceMs: 0, pollMs: 10 };

/** Gives the pids of the processes whose environment holds `pattern`. */
export type FindMarked = (pattern: string) => readonly number[] | Promise<readonly number[]>;

/** What a sweep did. */
export interface Swept {
  /** How many processes were told to end. */
  readonly ended: number;
  /** Those which even SIGKILL did not end in time: they hang in the kernel. */
  readonly left: readonly number[];
}

/** The kernel may keep a killed process for a moment; longer than this and it hangs there. */
const GIVE_UP_MS = 5_000;

/** One empty look proves nothing: a process between fork and exec, or in the middle of exec, shows no environment. */
const QUIET_LOOKS = 2;

/** Ends every process that carries `pattern`: SIGTERM once, SIGKILL after the grace, until two looks in a row find none. */
export async function endMarked(
  pattern: string,
  find: FindMarked,
  pauses: SweepPauses = SWEEP,
): Promise<Swept> {
  const told = new Set<number>();
  const began = performance.now();
  let found: readonly number[] = [];
  for (let quiet = 0; ; ) {
    found = await find(pattern);
    const waited = performance.now() - began;
    quiet = found.length === 0 ? quiet + 1 : 0;
    if (quiet === QUIET_LOOKS || waited > pauses.graceMs + GIVE_UP_MS)
      return { ended: told.size, left: found };
    for (const pid of found) {
      if (waited >= pauses.graceMs) signal(pid, 'SIGKILL');
      else if (!told.has(pid)) signal(pid, 'SIGTERM');
      told.add(pid);
    }
    await pause(pauses.pollMs);
  }
}

/** Signals a process that may be gone by now. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself since it was found.
  }
}

/** Signals a process group; gives whether there was anybody in it. */
export function signalGroup(pid: number | undefined, name: NodeJS.Signals): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, name);
  } catch {
    return false;
  }
}

/** Looks through `/proc`, which shows the environment that a process was started with (proc(5)). Linux only. */
export function markedInProc(pattern: string): readonly number[] {
  const wanted = Buffer.from(pattern);
  const found: number[] = [];
  for (const name of processNames()) {
    const pid = Number(name);
    if (pid === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${name}/environ`).includes(wanted)) continue;
      if (statSync(`/proc/${name}`).uid === process.geteuid?.()) found.push(pid);
    } catch {
      // Somebody else's process, or one that is gone.
    }
  }
  return found;
}

/** Reads the pids out of what `ps` printed with environments: lines of pid, uid, command with its environment. */
export function markedInPs(printed: string, pattern: string): readonly number[] {
  const found: number[] = [];
  for (const line of printed.split('\n')) {
    if (!line.includes(pattern)) continue;
    const [pid, uid] = line.trim().split(/\s+/, 2).map(Number);
    if (pid !== undefined && pid !== process.pid && uid === process.geteuid?.()) found.push(pid);
  }
  return found;
}

/**
 * Everybody below `pid`, found by who their parent is: also those that left its process group and dropped the mark, as sandboxes
 * do, as long as nobody in between has ended. Empty where there is no `/proc`.
 */
function descendants(pid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of processNames()) {
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below: number[] = [];
  collect(pid, children, below);
  return below;
}

/** A process of a moment: its pid may be another one's later. */
export interface Relative {
  readonly pid: number;
  /** When it was started, in the kernel's own ticks. */
  readonly started: string;
}

/** Everybody below `pid` now, to be known again when the ways to them are gone. */
export function familyOf(pid: number): readonly Relative[] {
  return descendants(pid).flatMap((one) => {
    const started = fieldsOf(String(one))?.[STARTED];
    return started === undefined ? [] : [{ pid: one, started }];
  });
}

/** Those of them who are still there, and ours to end. */
export function livingOf(family: readonly Relative[]): readonly number[] {
  return family.flatMap(({ pid, started }) => {
    const fields = fieldsOf(String(pid));
    if (fields?.[STARTED] !== started || /^[ZX]$/.test(fields[STATE] ?? '')) return [];
    try {
      return statSync(`/proc/${pid}`).uid === process.geteuid?.() ? [pid] : [];
    } catch {
      return [];
    }
  });
}

function collect(pid: number, children: ReadonlyMap<number, readonly number[]>, below: number[]): void {
  for (const child of children.get(pid) ?? []) {
    below.push(child);
    collect(child, children, below);
  }
}

function processNames(): readonly string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Which field stands where after the name (proc(5), stat). */
const [STATE, PARENT, STARTED] = [0, 1, 19];

function parentOf(name: string): number | undefined {
  const parent = fieldsOf(name)?.[PARENT];
  return parent === undefined ? undefined : Number(parent);
}

/** What follows the name, which stands in parentheses and may hold any character. */
function fieldsOf(name: string): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ', STARTED + 1);
  } catch {
    return undefined;
  }
}
