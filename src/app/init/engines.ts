/** Looks which engines a first workflow can be given. */
import { lookForSignIn, type SignedIn } from '../../engines/look-at-engine.ts';
import { declaredHere, type EngineHere, enginesHere } from '../engines/engines-here.ts';
import type { Place } from '../place.ts';

type Loaded = Parameters<typeof enginesHere>[1];

/** An engine that is here, or could be. */
export interface Candidate {
  readonly name: string;
  readonly isHere: boolean;
  readonly version?: string;
  /** What to do where it is missing. */
  readonly help?: string;
  readonly signIn: () => Promise<SignedIn>;
}

/** Every engine that a workflow can name. Only programs of PATH, and those that the user's own configuration names, are started. */
export async function candidates(
  place: Place,
  repository: Loaded,
  user: Loaded,
): Promise<readonly Candidate[]> {
  const declared = declaredHere(place, repository, user).map(({ dialect, found }): Candidate => {
    const unknown: SignedIn = { state: 'unknown', because: 'nobody asks a program that is declared' };
    return {
      ...{ name: dialect.name, isHere: found.found, signIn: async () => unknown },
      ...(found.found ? {} : { help: found.help }),
    };
  });
  return [...(await enginesHere(place, repository, user)).map(candidate), ...declared];
}

function candidate({ dialect, found, deps }: EngineHere): Candidate {
  const program = found.found === true ? { program: found.path } : {};
  const signIn = () => lookForSignIn(dialect, { ...deps, ...program, platform: process.platform });
  return {
    ...{ name: dialect.name, isHere: found.found !== false, signIn },
    ...(found.found === true ? { version: found.version } : {}),
    ...(found.found === false ? { help: found.help } : {}),
  };
}

/** Takes what stands at an `engine:` to what stands there afterwards. */
export type Choice = (written: readonly string[]) => readonly string[];

/**
 * Ways to put the engines that are here into a template, the nearest to what it says first. One that was asked for is the only one.
 * @param here the engines that are here, by name
 */
export function choices(here: readonly string[], wanted: string | undefined): readonly Choice[] {
  const instead = (one: string): Choice => {
    return (written) => (written.length > 1 ? [one, ...others(written, here, one)] : [one]);
  };
  if (wanted !== undefined) return [instead(wanted)];
  const [first] = here;
  if (first === undefined) return [(written) => written];
  const asItIs: Choice = (written) => {
    const there = written.filter((name) => here.includes(name));
    return there.length > 0 ? there : [first];
  };
  return [asItIs, ...here.map(instead)];
}

function others(written: readonly string[], here: readonly string[], one: string): readonly string[] {
  return written.filter((name) => name !== one && here.includes(name));
}
