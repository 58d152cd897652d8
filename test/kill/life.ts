// Lives one life of a runner: to its end, or to the moment at which it is killed.
import type { Event, Milestone } from '../../src/model/event.ts';
import { type CliEnd, startCli } from '../support/cli.ts';
import { conducting } from './conductor.ts';
import type { Draw } from './draw.ts';
import type { Moment, Plan } from './moment.ts';
import { LIFE_VARIABLE, type Scene } from './scene.ts';
import type { Call } from './switchboard.ts';

/** How a life went. */
export interface Life extends CliEnd {
  /** The milestones that were heard, whole lines only. */
  readonly heard: readonly Milestone[];
  /** The children of its steps that were not let go. */
  readonly left: readonly Call[];
  /** A git that outlived it and still waits. */
  readonly straggler: Call | undefined;
}

/** What a life is given. */
export interface Birth {
  readonly args: readonly string[];
  /** Different for each life of a run. */
  readonly name: string;
  /** None: it lives to its end. */
  readonly plan: Plan | undefined;
  /** Called when the run is open: nothing of the life before may be alive by then. */
  readonly onOpen: () => void;
}

/** Starts a runner and stays with it until it is gone. */
export async function live(scene: Scene, draw: Draw, birth: Birth): Promise<Life> {
  const { plan, name, args } = birth;
  const conductor = conducting(draw);
  const heard: Milestone[] = [];
  let straggler: Call | undefined;
  let broken: { readonly error: unknown } | undefined;
  const reaper = reaping(plan, () => runner.child.kill('SIGKILL'));
  const letGo = (): void => {
    if (!reaper.done() && conductor.letGo()) reaper.reach('release');
  };
  const onMilestone = (milestone: Milestone): void => {
    heard.push(milestone);
    conductor.hear(milestone);
    if (milestone.type === 'run-started' || milestone.type === 'run-resumed') {
      birth.onOpen();
      reaper.open();
    } else reaper.reach('milestone');
    letGo();
  };
  scene.board.onCall = (call) => {
    if (call.kind === 'git') {
      const how = reaper.reachGit(args[0] === 'resume');
      // A git that outlives its runner is let go when the next one is at work, or never.
      if (how === 'after') straggler = call;
      else if (how === 'before') call.refuse();
      else call.release();
      if (how !== undefined) reaper.kill();
    } else if (call.life === name) {
      conductor.hold(call);
      reaper.reach('child');
      letGo();
    }
    // A child of an earlier life is not let go: whoever started it is dead, and it has to end.
  };
  const runner = startCli(scene.project, args, {
    env: environment(scene, birth),
    onLine: (line) => {
      try {
        const event = eventIn(line, reaper.done());
        if (event !== undefined && 'seq' in event) onMilestone(event);
      } catch (error) {
        broken ??= { error };
        runner.child.kill('SIGKILL');
      }
    },
  });
  const end = await runner.ended;
  if (broken !== undefined) throw broken.error;
  return { ...end, heard, left: conductor.held, straggler };
}

/** The last line of a runner that was killed may be half a line, which is no event. */
function eventIn(line: string, killed: boolean): Event | undefined {
  try {
    return JSON.parse(line) as Event;
  } catch (error) {
    if (killed) return undefined;
    throw error;
  }
}

function environment(scene: Scene, { name, plan }: Birth): Record<string, string> {
  const { PATH = '' } = scene.project.environ;
  return {
    [LIFE_VARIABLE]: name,
    ...(plan?.moment.at === 'git' ? { PATH: `${scene.askingGit}:${PATH}` } : {}),
  };
}

type Counted = 'milestone' | 'child' | 'release';

/** Counts what happens up to the moment, then kills once. */
interface Reaper {
  done(): boolean;
  open(): void;
  reach(what: Counted): void;
  /** How this git is to be met; undefined where it is not the one. */
  reachGit(always: boolean): Extract<Moment, { at: 'git' }>['how'] | undefined;
  kill(): void;
}

function reaping(plan: Plan | undefined, send: () => void): Reaper {
  const moment = plan?.moment;
  const counts = { milestone: 0, child: 0, release: 0, git: 0 };
  let open = false;
  let killed = false;
  const kill = (): void => {
    if (killed) return;
    killed = true;
    hesitate(plan?.hesitateMicroseconds ?? 0);
    send();
  };
  return {
    done: () => killed,
    kill,
    open: () => {
      open = true;
      if (moment?.at === 'opening') kill();
    },
    reach: (what) => {
      counts[what]++;
      if (moment?.at === what && open && counts[what] >= moment.nth) kill();
    },
    reachGit: (always) => {
      // Those before `run-started` belong to no run yet; those of a resume all look at what is to be undone.
      if (open || always) counts.git++;
      return !killed && moment?.at === 'git' && counts.git === moment.nth ? moment.how : undefined;
    },
  };
}

/** Lets microseconds pass without giving way to what else this process could do. */
function hesitate(microseconds: number): void {
  const until = performance.now() + microseconds / 1_000;
  while (performance.now() < until);
}
