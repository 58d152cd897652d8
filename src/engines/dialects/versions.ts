/** Compares the version of an engine with those that its dialect was measured with. */
import type { EngineVersion } from '../../model/engine-version.ts';
import type { Reader, Tested } from './dialect.ts';

/** How a version stands to the measured ones. */
export type Standing = 'tested' | 'older' | 'newer';

/** How this version, as the engine prints it, stands to the measured ones. A pre-release counts as what it precedes. */
export function standingOf(version: string, { from, to }: Tested): Standing {
  if (compared(version, from) < 0) return 'older';
  return compared(version, to) > 0 ? 'newer' : 'tested';
}

/** The measured versions in words: `1.2.3`, `1.2.3 to 1.4`. Later releases of the same minor were not measured, they are trusted. */
export function rangeWords({ from, to }: Tested): string {
  return from === to || from.startsWith(`${to}.`) ? from : `${from} to ${to}`;
}

/** Why a version is not a measured one, in a sentence without its subject; undefined where it is. */
export function untestedWords(version: string, tested: Tested): string | undefined {
  const standing = standingOf(version, tested);
  if (standing === 'tested') return undefined;
  return `is ${standing} than what was measured (${rangeWords(tested)})`;
}

/** What an engine says of its version, held against the measured ones; undefined where it says nothing. */
export function versionOf(reader: Reader, tested: Tested | undefined): EngineVersion | undefined {
  const version = reader.version?.();
  return version === undefined || tested === undefined ? undefined : heldAgainst(version, tested);
}

/** A version, and why it is none of the measured ones. */
export function heldAgainst(version: string, tested: Tested): EngineVersion {
  const untested = untestedWords(version, tested);
  return { version, ...(untested === undefined ? {} : { untested }) };
}

/** Whether a text is a version, and nothing else. */
export function isVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+[\w.+-]{0,40}$/.test(text);
}

/** Negative where the version is below the bound. What the bound does not say is not compared. */
function compared(version: string, bound: string): number {
  const [have, want] = [parts(version), parts(bound)];
  for (const [index, part] of want.entries()) {
    const difference = (have[index] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}

function parts(version: string): readonly number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}
