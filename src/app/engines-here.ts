/** Looks which engines are on this machine, starting nothing that a repository names. */
import type { Dialect } from '../engines/dialects/dialect.ts';
import { DIALECTS } from '../engines/dialects/dialects.ts';
import { untestedWords } from '../engines/dialects/versions.ts';
import { type FindDeps, type FoundEngine, findEngine } from '../engines/find-engine.ts';
import { MARK_VARIABLE } from '../engines/mark.ts';
import type { Config } from '../model/config.ts';
import type { Result } from '../model/result.ts';
import { CLOCK } from './clock.ts';
import type { Place } from './place.ts';

/** An engine, and what there is of it here. */
export interface EngineHere {
  readonly dialect: Dialect;
  /** `named`: the repository names the program, which nobody but a run starts. */
  readonly found: FoundEngine | { readonly found: 'named'; readonly command: string; readonly from: string };
  /** Why its version is none of the measured ones, in words that follow the version. */
  readonly untested?: string;
  /** What asks it more. */
  readonly deps: FindDeps;
}

const ANSWER_MS = 10_000;

/** A configuration that may be wrong: then it names nothing. */
type Loaded = Result<Config, unknown>;

/** Every engine that there is; `only` those of these names. */
export async function enginesHere(
  place: Place,
  repository: Loaded,
  user: Loaded,
  only?: readonly string[],
): Promise<readonly EngineHere[]> {
  const own = user.ok ? user.value.engines : {};
  const named = repository.ok ? repository.value.engines : {};
  const wanted = DIALECTS.filter(({ name }) => only === undefined || only.includes(name));
  return Promise.all(
    wanted.map(async (dialect): Promise<EngineHere> => {
      const config = own[dialect.name] ?? {};
      const deps = {
        config,
        environ: process.env,
        root: place.root,
        mark: `${process.env[MARK_VARIABLE] ?? ''};look.${process.pid};`,
        timeoutMs: ANSWER_MS,
        clock: CLOCK,
      };
      const { command, commandFrom = 'the configuration' } = named[dialect.name] ?? {};
      if (command !== undefined && config.command === undefined)
        return { dialect, found: { found: 'named', command: command.join(' '), from: commandFrom }, deps };
      const found = await findEngine(dialect, deps);
      const untested = found.found ? untestedWords(found.version, dialect.tested) : undefined;
      return { dialect, found, deps, ...(untested === undefined ? {} : { untested }) };
    }),
  );
}
