/** Looks which engines are on this machine, starting nothing that a repository names. */
import type { AnyDialect, Dialect } from '../../engines/dialects/dialect.ts';
import { DIALECTS, dialectOf } from '../../engines/dialects/dialects.ts';
import { untestedWords } from '../../engines/dialects/versions.ts';
import { type FindDeps, type FoundEngine, findEngine, findProgram } from '../../engines/find-engine.ts';
import { MARK_VARIABLE } from '../../engines/mark.ts';
import { type Config, NO_CONFIG } from '../../model/config.ts';
import type { Result } from '../../model/result.ts';
import { mergeConfig } from '../../workflow/config.ts';
import { CLOCK } from '../clock.ts';
import type { Place } from '../place.ts';

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

/** An engine that the configuration declares, and whether its program is here. */
export interface DeclaredHere {
  readonly dialect: AnyDialect;
  readonly found: ReturnType<typeof findProgram>;
}

/** Every engine that a configuration declares; nothing of it is started. */
export function declaredHere(place: Place, repository: Loaded, user: Loaded): readonly DeclaredHere[] {
  const [below, own] = [repository, user].map((loaded) => (loaded.ok ? loaded.value : NO_CONFIG));
  const { engines } = mergeConfig(below ?? NO_CONFIG, own ?? NO_CONFIG);
  return Object.entries(engines).flatMap(([name, config]) => {
    const dialect = config.declared === undefined ? undefined : dialectOf(name, engines);
    if (dialect === undefined) return [];
    return [{ dialect, found: findProgram(dialect, { config, environ: process.env, root: place.root }) }];
  });
}
