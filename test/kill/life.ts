// Lives one life of a runner: lets its children go in a drawn order until it ends, or until the moment at which it is killed.
import type { Event, Milestone } from '../../src/model/event.ts';
import { type CliEnd, startCli } from '../support/cli.ts';
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
  /** A git that the life before left behind. */
  readonly straggler: Call | undefined;
  /** Called when the run is open: nothing of the life before may be alive by then. */
  readonly onOpen: () => void;
}

const ENDED = new Set(['step-succeeded', 'step-failed', 'step-canceled']);

/** Starts a runner and stays with it until it is gone. */
export async function live(scene: Scene, draw: Draw, birth: Birth): Promise<Life> {
  const { plan, name } = birth;
  const moment = plan?.moment;
  const heard: Milestone[] = [];
  const held: Call[] = [];
  const counts = { milestone: 0, child: 0, release: 0, git: 0 };
  const running = new Set<string>();
  let open = false;
  let killed = false;
  let straggler: Call | undefined;
  let waits = birth.straggler;
  const env = {
    [LIFE_VARIABLE]: name,
    ...(moment?.at === 'git' ? { PATH: `${scene.askingGit}:${scene.project.environ.PATH ?? ''}` } : {}),
  };

  const kill = (): void => {
    hesitate(plan?.hesitateMicroseconds ?? 0);
    killed = true;
    runner.child.kill('SIGKILL');
  };
  const reach = (what: keyof typeof counts): boolean => {
    counts[what]++;
    return !killed && moment?.at === what && open && counts[what] >= moment.nth;
  };
  const letGo = (): void => {
    // Whoever started but did not call yet may still come: waiting for it makes the order a drawn one.
    const enough = held.length >= Math.max(1, running.size) || (held.length > 1 && draw.chance(0.5));
    if (killed || !enough) return;
    const call = draw.take(held);
    if (call === undefined) return;
    call.release();
    if (reach('release')) kill();
  };
  const onGit = (call: Call): void => {
    // The kill is meant for a git that belongs to the run: those before `run-started` do not count, those of a resume all do.
    if (open || birth.args[0] === 'resume') counts.git++;
    if (killed || moment?.at !== 'git' || counts.git !== moment.nth) {
      call.release();
      return;
    }
    endAtGit(call, moment.how, kill);
    if (moment.how === 'after') straggler = call;
  };
  const onChild = (call: Call): void => {
    held.push(call);
    if (reach('child')) kill();
    else letGo();
  };
  const onEvent = (event: Event): void => {
    if (!('seq' in event)) return;
    heard.push(event);
    if (event.type === 'step-started') running.add(event.step);
    else if (ENDED.has(event.type) && 'step' in event) running.delete(event.step);
    if (event.type === 'run-started' || event.type === 'run-resumed') {
      open = true;
      waits?.release();
      waits = undefined;
      birth.onOpen();
      if (moment?.at === 'opening') kill();
    } else if (reach('milestone')) kill();
    else letGo();
  };

  scene.board.onCall = (call) => {
    // A child of an earlier life is not let go: whoever started it is dead, and it has to end.
    if (call.kind === 'git') onGit(call);
    else if (call.life === name) onChild(call);
  };
  const runner = startCli(scene.project, birth.args, {
    env,
    onLine: (line) => onEvent(JSON.parse(line) as Event),
  });
  const end = await runner.ended;
  waits?.release();
  return { ...end, heard, left: held, straggler };
}

function endAtGit(call: Call, how: Extract<Moment, { at: 'git' }>['how'], kill: () => void): void {
  if (how === 'during') call.release();
  kill();
  if (how === 'before') call.refuse();
}

/** Lets microseconds pass without giving way to what else this process could do. */
function hesitate(microseconds: number): void {
  const until = performance.now() + microseconds / 1_000;
  while (performance.now() < until);
}
