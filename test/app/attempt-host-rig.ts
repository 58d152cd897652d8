// Makes runs that are big enough for attempt hosts.
import { readFileSync } from 'node:fs';
import type { Event } from '../../src/model/event.ts';
import { projectWith } from '../commands/project.ts';
import { onlyRun, type Project, withState } from '../support/repository.ts';

/** More than enough for hosts to be started; none of them is ever begun. */
const FILLERS = 300;

/** Steps that cost nothing, and make a run big. They come last. */
export function fillers(count = FILLERS): string {
  const one = (_: unknown, at: number): string => `  - { id: filler-${at}, if: "1 == 2", run: 'true' }\n`;
  return Array.from({ length: count }, one).join('');
}

/** Holds everything that needs it back until a host makes the attempts. */
export const HOSTED = `  - id: hosted
    needs: []
    shell: sh
    run: grep -q attempt-host "/proc/$PPID/cmdline"
    retry: { attempts: 100, delay: 100ms, backoff: fixed }
`;

/** The text of a workflow whose `steps` are made by hosts, where each of them needs `hosted`. */
function hostedWorkflow(steps: string, rest = '', head = ''): string {
  return `name: work\nmax-parallel: 4\n${head}steps:\n${HOSTED}${steps}${fillers()}${rest}`;
}

/** A project with that workflow. */
export function hostedProject(steps: string, rest = '', head = ''): Project {
  return projectWith({ work: hostedWorkflow(steps, rest, head) });
}

/** What a step of the only run wrote to a stream, as the log has it. */
export async function logOf(project: Project, step: string, stream: 'stdout' | 'stderr'): Promise<Buffer> {
  const run = await onlyRun(project);
  const files = await withState(project, (state) => state.logs(run).filter((one) => one.step === step));
  const found = files.flatMap((one) => one.files).filter(({ name }) => name === `${stream}.log`);
  return Buffer.concat(found.map((file) => readFileSync(file.path)));
}

/** The events of one step. */
export function eventsOfStep(events: readonly Event[], step: string): readonly Event[] {
  return events.filter((event) => 'step' in event && event.step === step);
}

/** Who started a process, by its pid. Linux only. */
export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 2)[1]);
}

/** The most memory a process ever had, in MB; `VmHWM` of proc(5) is in KiB. */
export function peakMB(pid: number): number {
  const [, kib] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kib) * 1024) / 1e6;
}
