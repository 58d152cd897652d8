/** Says what the attempts of `run` steps need, in words that can be sent to another process. */
import { makeMark } from '../../engines/mark.ts';
import type { Masker } from '../../engines/mask.ts';
import type { ShellDeps } from '../../engines/shell.ts';
import type { Job, RunJob } from '../../model/ports.ts';
import { openTranscript, stepDirectory } from '../../state/transcripts.ts';

/** What is the same for every attempt of a run; plain data. */
export interface ShellSettings {
  /** Absolute path of the workspace's root. */
  readonly root: string;
  /** The caller's environment. */
  readonly environ: Readonly<Record<string, string>>;
  /** The names that the workflow declares as secrets. */
  readonly secrets: readonly string[];
  /** The values that nobody may see. */
  readonly masked: readonly string[];
  /** Where scripts go that are too long for an argument. */
  readonly tmp: string;
  /** The state directory. */
  readonly state: string;
  /** The mark that the runner carries itself, inside another run. */
  readonly outer?: string;
  /** Which owner of the run this is. */
  readonly epoch: number;
}

/** The mark of one attempt's children. */
export function markOf(settings: Pick<ShellSettings, 'outer' | 'epoch'>, job: Job): string {
  const directory = stepDirectory(job.step, job.attempt);
  return makeMark(settings.outer, { run: job.run, epoch: settings.epoch, directory });
}

/**
 * What the shell is handed, in the runner as in a process of its own.
 * @param masker knows `settings.masked`; undefined where there is nothing to mask
 * @param outputFile names a file in a directory that is there
 */
export function shellDeps(
  settings: ShellSettings,
  masker: Masker | undefined,
  outputFile: (job: RunJob) => string,
): ShellDeps {
  const { root, environ, secrets, tmp } = settings;
  return {
    ...{ root, environ, secrets, tmp, outputFile },
    ...(masker === undefined ? {} : { masker }),
    transcript: (job) => {
      const files = openTranscript(settings.state, job.run, job.step, job.attempt);
      return {
        write: (stream, bytes) => {
          files.write(`${stream}.log`, bytes);
          const problem = files.problem();
          if (problem !== undefined) throw new Error(problem);
        },
        close: () => files.close(),
      };
    },
    mark: (job) => markOf(settings, job),
  };
}
