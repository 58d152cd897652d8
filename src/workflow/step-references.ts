/** Judges a reference to a step by where it stands. */
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { View } from './expression-check.ts';
import { meetingOf } from './expression-lists.ts';
import type { Node } from './expression-syntax.ts';
import { type Check, type Owner, typeOf } from './references-ground.ts';
import { nearest } from './suggest.ts';
import { ANY, listOf, type Type, withMember } from './types.ts';

/** How many unknown names are compared with all steps; a thousand slips in a file of thousands of steps are one slip. */
const MOST_SUGGESTIONS = 100;

/** Says things about a place of the expression at hand. */
interface Pen {
  readonly report: View['report'];
  readonly at: (node: Node) => Diagnostic['at'];
}

/** The values of a step that an expression names; undefined where they cannot be read there, which is reported. */
export function stepFor(name: string, node: Node, owner: Owner, all: Check, pen: Pen): Type | undefined {
  const { more, places } = all;
  const id = name.toLowerCase();
  if (owner.step?.id === id) {
    pen.report('self-reference', node, { id });
    return undefined;
  }
  if (more.opaque.has(id)) return ANY;
  const place = places.get(id);
  if (place === undefined) {
    reportUnknownStep(id, node, owner, all, pen);
    return undefined;
  }
  const { step } = place;
  if (!step.declared) {
    pen.report('unknown-step', node, { id, known: [], hint: `give the step that is meant \`id: ${id}\`` });
    return undefined;
  }
  const diagnostic = (hint: string | undefined) =>
    diagnose('step-not-before', more.path, pen.at(node), {
      ...{ id, step: owner.step?.id ?? 'outputs' },
      ...(hint === undefined ? {} : { hint }),
    });
  const meeting = meetingOf(owner, place);
  const isLoopAround = step.kind === 'loop' && place.list === owner.list.within?.list;
  if (meeting === 'inside') {
    const hint = isLoopAround
      ? `\`${id}\` has not ended inside of its own body: read \`loop\`, or a step beside it`
      : `it runs after this is read: read \`loop.previous.steps.${id}\`, of the iteration before`;
    all.found.push(diagnostic(hint));
    return undefined;
  }
  const { list, later, earlier, nested } = meeting;
  if (owner.step !== undefined && later !== undefined)
    all.pending.push({ list, id, later, earlier, diagnostic });
  const type = typeOf(step, all);
  return nested ? withMember(type, 'executions', () => listOf(type)) : type;
}

function reportUnknownStep(id: string, node: Node, owner: Owner, all: Check, pen: Pen): void {
  const { workflow, more, places } = all;
  if (workflow.finally.some((step) => step.declared && step.id === id)) {
    const hint = 'steps of `finally` run at the very end, and nothing reads them';
    pen.report('step-not-before', node, { id, step: owner.step?.id ?? 'outputs', hint });
    return;
  }
  const known = all.suggestions++ < MOST_SUGGESTIONS ? [...places.values()] : [];
  const ids = known.flatMap(({ step }) => (step.declared && step !== owner.step ? [step.id] : []));
  const near = nearest(id, [...ids, ...more.opaque]);
  pen.report('unknown-step', node, { id, known: ids, ...(near === undefined ? {} : { near }) });
}
