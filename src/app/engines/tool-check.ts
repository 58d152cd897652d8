/** Finds rules about tools that an engine does not have. */
import { dialectOf, type Engines } from '../../engines/dialects/dialects.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import { agentsAmong, ownSteps } from '../../model/parts.ts';
import type { Range } from '../../model/source.ts';
import type { PromptStep, Workflow } from '../../model/workflow.ts';
import { nearest } from '../../workflow/suggest.ts';
import { placeOf } from '../key-place.ts';

/** Every rule of `tools` whose tool its engine is not known to have: the engine takes it, and it does nothing. */
export function checkTools(workflow: Workflow, engines: Engines): readonly Diagnostic[] {
  const { source } = workflow;
  return agentsAmong(ownSteps(workflow)).flatMap((step) =>
    step.engines.flatMap((engine) => {
      const tools = dialectOf(engine, engines)?.capabilities.tools;
      if (tools === undefined) return [];
      const { names: known, others } = tools;
      return (['allow', 'deny'] as const).flatMap((list) =>
        (step.tools?.[list] ?? []).flatMap((rule) =>
          toolsOf(rule, tools.lists === true)
            .filter((tool) => !tool.includes('*') && !others.test(tool) && !known.includes(tool))
            .map((tool) =>
              diagnose('unknown-tool', source.path, ruleAt(source.text, step, list, rule), {
                ...{ engine, tool, list, known },
                near: nearest(tool, known),
              }),
            ),
        ),
      );
    }),
  );
}

/** The tools that a rule names: what it may be used for stands in brackets, which may hold anything. */
function toolsOf(rule: string, lists: boolean): readonly string[] {
  const name = rule.replace(/\(.*$/s, '').trim();
  return (lists ? name.split(/[\s,]+/) : [name]).filter((tool) => tool !== '');
}

/** The rule where the step says it, else where an agent of the file does, else the step. */
function ruleAt(text: string, step: PromptStep, list: string, rule: string): Range {
  const { start, end } = step.at;
  const own = ruleWithin(text.slice(start, end), list, rule);
  if (own !== undefined) return { start: start + own, end: start + own + rule.length };
  const other = ruleWithin(text, list, rule);
  return other === undefined ? placeOf(text, step, 'tools') : { start: other, end: other + rule.length };
}

/** Where the rule stands behind the name of its list, behind `tools`; undefined where it does not, as it is written otherwise. */
function ruleWithin(text: string, list: string, rule: string): number | undefined {
  const tools = /(?:^|[\s{,])["']?tools["']?\s*:/.exec(text);
  if (tools === null) return undefined;
  const from = tools.index + tools[0].length;
  const lists = new RegExp(`(?:^|[\\s{,])["']?${list}["']?\\s*:`, 'g');
  lists.lastIndex = from;
  for (let found = lists.exec(text); found !== null; found = lists.exec(text)) {
    const at = text.indexOf(rule, lists.lastIndex);
    if (at === -1) return undefined;
    if (
      /[\s"'[,]/.test(text[at - 1] ?? ' ') &&
      /^["'\s\],}]|^$/.test(text.slice(at + rule.length, at + rule.length + 1))
    )
      return at;
  }
  return undefined;
}
