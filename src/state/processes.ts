/** Tells processes apart, so that an owner which is gone is never taken for one which is there. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What identifies one process among all that ever ran. Empty texts stand for what the platform does not tell. */
export interface Identity {
  /** The machine: its id with its host name, since copies of an image share an id. */
  readonly machine: string;
  /** Changes with every boot. */
  readonly boot: string;
  /** The PID namespace: containers on one machine share the boot but count their processes apart. */
  readonly space: string;
  readonly pid: number;
  /** When the process started, in a form only fit for comparing: on Linux clock ticks since the boot. */
  readonly start: string;
}

/** Knows this process and can look for others. */
export interface Processes {
  readonly self: Identity;
  /** When the process with that id started; undefined when there is none or only its remains, `''` when it is there and more cannot be known. */
  startOf(pid: number): string | undefined;
}

/**
 * Looks at /proc. Where there is none (macOS), boot and start stay empty, and a process counts as alive as long as its id is in use;
 * a caller that knows more hands in its own Processes.
 */
export function systemProcesses(): Processes {
  return {
    self: {
      machine: `${read('/etc/machine-id')}/${hostname()}`,
      boot: read('/proc/sys/kernel/random/boot_id'),
      space: link('/proc/self/ns/pid'),
      pid: process.pid,
      start: startOf(process.pid) ?? '',
    },
    startOf,
  };
}

function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat !== '') return startFromStat(stat);
  // Without /proc, or with one that hides the processes of others, a signal that is not sent still tells whether somebody is there.
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined;
  }
}

/**
 * Reads the start time from a line of /proc/<pid>/stat (field 22, see proc_pid_stat(5)); undefined for a process that ended and was
 * not waited for. The name in field 2 may hold spaces and parentheses, so counting starts behind the last one.
 */
export function startFromStat(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' || state === 'x' ? undefined : (fields[19] ?? '');
}

/** After this long without a heartbeat an owner that cannot be looked for is presumed dead, in milliseconds. */
export const SILENCE_MS = 120_000;

/**
 * Whether an owner lives. On the same machine it is looked for, and the heartbeat counts for nothing: a machine that slept, or a
 * runner that was stopped for a while, has a silent owner that is not dead. Only one on another machine or in another container,
 * which cannot be looked for, is judged by its silence.
 * @param beat when the owner was last heard of, milliseconds since the epoch
 */
export function isAlive(owner: Identity, beat: number, processes: Processes, now: number): boolean {
  const { self } = processes;
  const sameBoot = owner.boot === self.boot && (owner.boot !== '' || owner.machine === self.machine);
  if (!sameBoot && owner.machine === self.machine) return false;
  if (!sameBoot || owner.space !== self.space) return now - beat < SILENCE_MS;
  const start = processes.startOf(owner.pid);
  if (start === undefined) return false;
  return start === '' || owner.start === '' || start === owner.start;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
