/** Says of the steps of a plan how they are isolated. */
import type { Plan } from '../model/plan.ts';
import { type Isolated, type Step, withBodies } from '../model/workflow.ts';

/** The isolated steps of a batch that are merged one after the other when all of them have ended, in that order. */
export function mergedTogether(plan: Plan): readonly (readonly Step[])[] {
  const groups: Step[][] = plan.batches.map(() => []);
  for (const { step, batch, leftOut } of plan.steps)
    if (step.isolated?.merge === 'auto' && !leftOut) groups[batch]?.push(step);
  return groups.map((group) => (group.length > 1 ? group : []));
}

/** Whether something of a step reaches beyond every sandbox: its agent, or the one that resolves its conflicts. */
export function reachesFull(step: Step): boolean {
  const own = withBodies([step]);
  return (
    own.some((one) => one.kind === 'prompt' && one.access === 'full') || resolverOf(step)?.access === 'full'
  );
}

/** The agent that resolves the conflicts of a step. */
function resolverOf(step: Step): NonNullable<Isolated['onConflict']>['agent'] | undefined {
  return step.isolated?.onConflict?.agent;
}

/** What a drawing says of it, a line each. */
export function isolationLines(step: Step): readonly string[] {
  if (step.isolated === undefined) return [];
  const { merge, setup } = step.isolated;
  const resolver = resolverOf(step);
  return [
    `isolated, ${merge === 'never' ? 'not merged' : 'merged'}${setup === undefined ? '' : ', with setup'}`,
    ...(resolver === undefined ? [] : [`conflicts: ${resolver.agent ?? 'an agent'} · ${resolver.access}`]),
  ];
}

/** Of a `best-of`, what a drawing says of the winner. */
export function winnerLines(step: Step): readonly string[] {
  if (step.isolated === undefined) return [];
  const [, ...conflicts] = isolationLines(step);
  return ['the winner is merged', ...conflicts];
}
