/** Decides how a run is shown. */

/** The ways there are. */
export type ReporterName = 'github' | 'jsonl' | 'live' | 'plain';

/** What is decided by. */
export interface ChooseBy {
  /** `--json`. */
  readonly json: boolean;
  /** Whether people's output goes to a terminal. */
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A view that draws over itself is for a terminal that can, with somebody in front of it. `NO_COLOR` takes its colours, not the view. */
export function chooseReporter({ json, isTTY, env }: ChooseBy): ReporterName {
  if (json) return 'jsonl';
  if (onGithub(env)) return 'github';
  return isTTY && env.TERM !== 'dumb' && !isSet(env.CI) ? 'live' : 'plain';
}

/** Whether what is printed is read by the runner of GitHub Actions. */
export function onGithub(env: ChooseBy['env']): boolean {
  return env.GITHUB_ACTIONS === 'true';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false' && value !== '0';
}
