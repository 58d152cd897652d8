/** Prints the plan of a workflow for the command line. */
import { EXIT, type ExitCode } from '../model/exit.ts';
import type { Plan } from '../model/plan.ts';
import { ok, type Result } from '../model/result.ts';
import type { Workflow } from '../model/workflow.ts';
import { type GraphFormat, graph } from '../plan/graph.ts';
import { select } from '../plan/selection.ts';
import { table } from '../report/table.ts';
import { checkedFile, findWorkflow } from './check.ts';
import { locate } from './place.ts';
import { colorOn, harmless, printDiagnosed, printRefusal } from './print.ts';
import { type Refusal, refuse } from './refusal.ts';

/** How a plan is asked for. */
export interface PlanFlags {
  readonly graph: string;
  readonly only?: readonly string[] | undefined;
  readonly skip?: readonly string[] | undefined;
}

/** Prints the plan on standard output, warnings on standard error. */
export async function printPlan(name: string, flags: PlanFlags): Promise<ExitCode> {
  const place = locate({}, process.env);
  const file = findWorkflow(place, name);
  if (!file.ok) return printRefusal(file.error);
  const checked = await checkedFile(place, file.value, process.env);
  if (!checked.ok) return printRefusal(checked.error);
  const { plan, workflow, diagnostics, sources } = checked.value;
  const selected = selectSteps(plan, flags);
  if (!selected.ok) return printRefusal(selected.error);
  await printDiagnosed(diagnostics, sources);
  const color = colorOn(process.stdout, process.env);
  const emphasize = (text: string): string => (color ? `\u001b[31m${text}\u001b[0m` : text);
  const drawn = graph(selected.value, workflow, flags.graph as GraphFormat, { emphasize });
  const inputs = flags.graph === 'text' ? inputsText(workflow.inputs) : '';
  process.stdout.write(harmless(`${drawn}${inputs}`, process.stdout, process.env));
  return EXIT.succeeded;
}

/** What the workflow takes; nothing where it takes nothing. */
function inputsText(inputs: Workflow['inputs']): string {
  const rows = Object.entries(inputs).map(
    ([name, { type, options, required, default: otherwise, description }]) => {
      const kind = options === undefined ? type : `one of ${options.join(', ')}`;
      const given = otherwise === undefined ? [] : [`default ${JSON.stringify(otherwise)}`];
      return [
        `  ${name}`,
        [
          kind,
          ...(required ? ['required'] : given),
          ...(description === undefined ? [] : [description]),
        ].join(' · '),
      ];
    },
  );
  return rows.length === 0 ? '' : `\ninputs\n${table(rows).join('\n')}\n`;
}

/** Leaves out what `--only` and `--skip` say. */
export function selectSteps(
  plan: Plan,
  flags: { readonly only?: readonly string[] | undefined; readonly skip?: readonly string[] | undefined },
): Result<Plan, Refusal> {
  const { only, skip } = flags;
  if (only === undefined && skip === undefined) return ok(plan);
  const selected = select(plan, { ...(only && { only }), ...(skip && { skip }) });
  return selected.ok ? selected : refuse(selected.error);
}
