/** Looks which engines of a plan are not here, starting nothing. */
import { dialectOf } from '../../engines/dialects/dialects.ts';
import { findProgram } from '../../engines/find-engine.ts';
import type { Config } from '../../model/config.ts';
import type { Plan } from '../../model/plan.ts';
import { oneLine } from '../../report/clean.ts';
import type { Place } from '../place.ts';

const WIDEST = 500;

/** A sentence for each engine of some step whose program is not found: an earlier step may put it there, so that nothing is refused. */
export function enginesMissing(
  { steps, last }: Plan,
  { engines }: Config,
  place: Place,
  env: NodeJS.ProcessEnv,
): readonly string[] {
  const used = new Map<string, string[]>();
  for (const { step, leftOut } of [...steps, ...last]) {
    if (leftOut || step.kind !== 'prompt') continue;
    for (const engine of step.engines) used.set(engine, [...(used.get(engine) ?? []), step.id]);
  }
  return [...used].flatMap(([engine, ids]) => {
    const dialect = dialectOf(engine, engines);
    if (dialect === undefined) return [];
    const found = findProgram(dialect, { config: engines[engine] ?? {}, environ: env, root: place.root });
    if (found.found) return [];
    return [oneLine(`${engine} (${ids.join(', ')}): ${found.message}; ${found.help}`, WIDEST)];
  });
}
