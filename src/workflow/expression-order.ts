/** Judges whether the steps that are read have ended by then. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Step } from '../model/workflow.ts';
import { answer, type Question } from './expression-ancestors.ts';
import type { List } from './expression-lists.ts';

/** A reference whose order is still to be judged. */
export interface Pending extends Question {
  /** The list in which both stand, themselves or in a loop. */
  readonly list: List;
  /** Of the step that is read. */
  readonly id: string;
  readonly diagnostic: (hint: string | undefined) => Diagnostic;
}

/** Complains about those that may not have ended, list by list. */
export function judgeOrder(pending: readonly Pending[]): readonly Diagnostic[] {
  const lists = new Map<readonly Step[], Pending[]>();
  for (const one of pending) {
    const same = lists.get(one.list.steps);
    if (same === undefined) lists.set(one.list.steps, [one]);
    else same.push(one);
  }
  return [...lists].flatMap(([steps, some]) => judgeList(steps, some));
}

function judgeList(steps: readonly Step[], pending: readonly Pending[]): readonly Diagnostic[] {
  const answers = answer(steps, pending);
  const wrong = pending.filter((_, i) => answers[i] === 'not-before');
  const turned = answer(
    steps,
    wrong.map(({ later, earlier }) => ({ later: earlier, earlier: later })),
  );
  return wrong.map(({ diagnostic, list, id, earlier, later }, i) => {
    const [other, own] = [steps[earlier]?.id, steps[later]?.id];
    const isAfter = turned[i] === 'before';
    if (isAfter && list.within !== undefined && other === id)
      return diagnostic(
        `\`${id}\` runs after \`${own}\`: read \`loop.previous.steps.${id}\`, of the iteration before`,
      );
    if (isAfter)
      return diagnostic(`\`${other}\` runs after \`${own}\`: write it above, or read another step`);
    return diagnostic(
      other === id ? undefined : `it is in the body of \`${other}\`: add \`${other}\` to \`needs\``,
    );
  });
}
