/** Computes where a gate is, for the fold. */
import type { Milestone } from './event.ts';
import type { GateProgress, StepProgress } from './progress.ts';

type GateMilestone = Extract<Milestone, { type: 'gate-opened' | 'gate-reminded' | 'gate-decided' }>;

/** After something happened at a gate. A question that is asked anew takes the decision about the old one away. */
export function gateAfter(step: StepProgress, m: GateMilestone): StepProgress {
  const { v: _, seq: __, run: ___, step: ____, type, at, ...said } = m;
  if (type === 'gate-reminded') return { ...step, gate: { ...step.gate, remindedAt: at } };
  if (type === 'gate-decided') {
    const decided = { ...(said as Omit<typeof said, 'message'>), at } as NonNullable<GateProgress['decided']>;
    return { ...step, status: 'asking', gate: { ...step.gate, decided } };
  }
  const question = { ...said, at } as NonNullable<GateProgress['question']>;
  return { ...step, status: 'asking', gate: { question } };
}

/**
 * A gate of a run that is gone on with after its end: what was decided stays decided. That its time was up and nothing was to be
 * chosen then was nobody's decision, so it is asked again.
 */
export function gateAnew({ decided }: GateProgress): { readonly gate?: GateProgress } {
  return decided === undefined || isGivenUp(decided) ? {} : { gate: { decided } };
}

/** Whether the time was up and the gate fails. */
export function isGivenUp({ decision, unasked }: NonNullable<GateProgress['decided']>): boolean {
  return unasked === 'timeout' && decision === GIVEN_UP;
}

/** What is decided where `on-timeout` chooses no option. */
export const GIVEN_UP = 'fail';
