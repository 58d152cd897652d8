/** Reads the worktree that a step asks for, with the agent that resolves its conflict. */
import { literal } from '../model/expression.ts';
import { asStepId } from '../model/ids.ts';
import type { Isolated, PromptStep } from '../model/workflow.ts';
import { readAccess, readSettings, readWaits } from './agent-settings.ts';
import { enginesOf, type Layers, layersOf, settingOf } from './agents.ts';
import { checkDefaultWorkspace, readIsolated } from './isolation.ts';
import type { Place } from './order.ts';
import { complain } from './reading.ts';
import { type Ground, isAfter, mergedEnv, readCommon } from './step-common.ts';
import { child, isWord, type MapNode, stringAt } from './tree.ts';

/** The worktree of a step's own, where it has one. */
export function isolation(ground: Ground, layers: Layers, place: Place): { readonly isolated?: Isolated } {
  const env = () => mergedEnv(ground, layers);
  const resolver = (conflict: MapNode) => readResolver(ground, conflict, place);
  const isolated = readIsolated(ground.reading, layers, { env, resolver, after: isAfter(ground, place) });
  return isolated === undefined ? {} : { isolated };
}

/** Judges what `defaults` say of isolated steps, whether or not there are any. */
export function checkDefaults(ground: Ground): void {
  const at = { start: 0, end: 0 };
  const place: Place = { id: asStepId('defaults'), declared: false, needs: [], needsAt: at };
  const resolver = (conflict: MapNode) => readResolver(ground, conflict, place);
  checkDefaultWorkspace(ground.reading, { env: () => ground.env, resolver });
}

/**
 * The agent under `on-conflict`, as a step of its own. It knows the variables of the workflow and of the agent and not those of
 * the step whose change it merges: that one's secrets were never meant for it. It stands at the root, where conflicts are named from.
 */
function readResolver(ground: Ground, conflict: MapNode, { id }: Place): PromptStep {
  const { reading } = ground;
  const layers = layersOf(reading, conflict, true);
  const own = { id: asStepId(`${id}.on-conflict`), declared: false, needs: [], needsAt: conflict.at };
  const { workingDirectory: _, ...common } = readCommon(ground, conflict, own, layers, 'prompt');
  const { access, said } = readAccess(reading, layers);
  const name = child(conflict, 'agent');
  const agent = stringAt(conflict, 'agent');
  const level = settingOf(layers, 'access');
  // A level that is none was complained about.
  const reads = access === 'read' && (level === undefined || isWord(level, 'read'));
  if (reads && layers.agent !== undefined && name !== undefined && agent !== undefined)
    complain(reading, 'resolver-only-reads', name.at, { agent, said });
  return {
    ...common,
    kind: 'prompt',
    ...(agent === undefined ? {} : { agent }),
    prompt: literal('', conflict.at),
    // Who is not named has no engine either: one mistake.
    engines: agent === undefined ? [] : enginesOf(reading, layers, conflict),
    access,
    accessSaid: said,
    ...readWaits(reading, layers),
    undo: true,
    ...readSettings(reading, layers),
  };
}
