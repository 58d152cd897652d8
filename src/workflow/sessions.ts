/** Judges which session a step goes on in. */
import { diagnose } from '../model/diagnostic.ts';
import type { PromptStep } from '../model/workflow.ts';
import { meetingOf, type StepPlace } from './expression-lists.ts';
import type { Node } from './expression-syntax.ts';
import type { Check, Owner } from './references-ground.ts';
import { stepFor } from './step-references.ts';

/** It stands in no expression: places are the session's own. */
const NOWHERE = {} as Node;

/** A session of another step: that of an agent that has ended, of one that has one session, of an engine that both may use. */
export function checkSession(step: PromptStep, owner: Owner, all: Check): void {
  const { session } = step;
  if (session === undefined || session === 'continue') return;
  const { path, opaque } = all.more;
  const report: Parameters<typeof stepFor>[4]['report'] = (code, _, args) => {
    all.found.push(diagnose(code, path, session.at, args));
  };
  const type = stepFor(session.of, NOWHERE, owner, all, { report, at: () => session.at });
  const place = all.places.get(session.of);
  if (type === undefined || place === undefined || opaque.has(session.of)) return;
  const why = whyNone(place, step, owner);
  if (why !== undefined)
    all.found.push(diagnose('session-of-other', path, session.at, { id: session.of, step: step.id, ...why }));
}

type Why =
  | { readonly why: 'kind' | 'matrix' }
  | { readonly why: 'engines'; readonly has: readonly string[]; readonly wants: readonly string[] };

function whyNone(place: StepPlace, step: PromptStep, owner: Owner): Why | undefined {
  const { step: other } = place;
  if (other.kind !== 'prompt') return { why: 'kind' };
  if (other.matrix !== undefined || isOfMatrix(place, owner)) return { why: 'matrix' };
  const wants = enginesOf(step);
  if (wants.length === 0 || other.engines.length === 0) return undefined;
  return wants.some((engine) => other.engines.includes(engine))
    ? undefined
    : { why: 'engines', has: other.engines, wants };
}

function enginesOf({ engines, variants }: PromptStep): readonly string[] {
  return variants === undefined ? engines : Object.values(variants.steps).flatMap((one) => one.engines);
}

/** Whether a loop around it, which is not around both, runs once per combination. */
function isOfMatrix(place: StepPlace, owner: Owner): boolean {
  const meeting = meetingOf(owner, place);
  if (meeting === 'inside') return false;
  for (let { list } = place; list.steps !== meeting.list.steps; ) {
    if (list.within === undefined) return false;
    if (list.within.loop.matrix !== undefined) return true;
    ({ list } = list.within);
  }
  return false;
}
