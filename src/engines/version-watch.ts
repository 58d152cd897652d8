/** Finds out which version of an engine is at work, while it works. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { AgentDeps } from './agent.ts';
import type { Turns } from './agent-turn.ts';
import type { AnyDialect, Reader } from './dialects/dialect.ts';
import { heldAgainst, isVersion } from './dialects/versions.ts';
import { findEngine } from './find-engine.ts';
import { engineCommand } from './not-started.ts';
import { identityOf } from './version-memory.ts';

/** Looks at the version of one engine, once in the life of this process. */
export interface VersionWatch {
  /** For one turn, whose program was found there; `reader` follows it, and some name the version. */
  turn(of: Pick<Turns, 'mark' | 'hear'>, found: string | undefined, reader: Reader): TurnWatch;
}

/** Looks while a turn is made. */
export interface TurnWatch {
  /** The engine said something: it has started, and is not kept from it any more. */
  begun(): void;
  /**
   * The turn is over. One that went well waits for nothing; for one that failed on its own the version may be the reason, so the
   * answer is waited for a moment.
   */
  ended(failed: boolean): Promise<void>;
}

/** How long a failure waits to be told of the version, in milliseconds. */
const MOMENT_MS = 2_000;
/** A program that does not say its version within this is ended, in milliseconds. */
const ANSWER_MS = 10_000;
/** The longest package.json that is read, in bytes. */
const LONGEST_PACKAGE = 1024 * 1024;

const NO_WATCH: TurnWatch = { begun: () => undefined, ended: () => Promise.resolve() };

/** Watches for an engine whose sessions do not name its version. */
export function watchVersion(dialect: AnyDialect, deps: AgentDeps): VersionWatch {
  const unneeded = deps.versions === undefined || dialect.tested === undefined;
  const watched = { dialect, deps, settled: unneeded || dialect.namesVersion === true, busy: false };
  return {
    turn: (of, found, reader) =>
      watched.settled || found === undefined ? NO_WATCH : watchTurn(watched, of, found, reader),
  };
}

/** What is known of the version of an engine. */
interface Watched {
  readonly dialect: AnyDialect;
  readonly deps: AgentDeps;
  /** It was said, or will never be known. */
  settled: boolean;
  /** Somebody is being asked. */
  busy: boolean;
}

function watchTurn(
  watched: Watched,
  of: Pick<Turns, 'mark' | 'hear'>,
  found: string,
  reader: Reader,
): TurnWatch {
  const { deps, dialect } = watched;
  const { tested } = dialect;
  const end = new AbortController();
  let looked = false;
  let asking: Promise<void> | undefined;
  const tell = (version: string): void => {
    watched.settled = true;
    if (tested !== undefined) of.hear.version?.(heldAgainst(version, tested));
  };
  const look = (over: boolean): void => {
    if (looked || watched.settled || watched.busy) return;
    const named = reader.version?.();
    // It will name it, unless it fails before it comes to that.
    if (named === undefined && reader.version !== undefined && !over) return;
    looked = true;
    const identity = identityOf(found, engineCommand(dialect, deps.config, deps.root).first);
    const known = named ?? packageVersion(found, dialect.packages ?? []) ?? recalled(deps, identity);
    if (known === undefined) asking = ask(watched, of.mark, identity, end.signal, tell);
    else tell(known);
  };
  return {
    begun: () => look(false),
    async ended(failed) {
      if (failed) look(true);
      if (asking === undefined) return;
      if (failed) await answeredOr(asking, deps.clock);
      end.abort();
      await asking;
    },
  };
}

function recalled({ versions, clock }: AgentDeps, identity: string | undefined): string | undefined {
  return identity === undefined ? undefined : versions?.recall(identity, clock.now());
}

/** Resolves when it has answered, or when a moment has passed. */
async function answeredOr(asking: Promise<void>, clock: AgentDeps['clock']): Promise<void> {
  await new Promise<void>((resolve) => {
    const disarm = clock.after(MOMENT_MS, resolve);
    void asking.then(() => {
      disarm();
      resolve();
    });
  });
}

/** Asks the program itself. It gets none of the workflow's secrets: nobody needs one to say who he is. */
async function ask(
  watched: Watched,
  mark: string,
  identity: string | undefined,
  signal: AbortSignal,
  tell: (version: string) => void,
): Promise<void> {
  const { dialect, deps } = watched;
  const { environ, secrets, config, root, clock, versions } = deps;
  const open = Object.entries(environ).filter(([name]) => !secrets.includes(name));
  const look = { config, environ: Object.fromEntries(open), root, mark, timeoutMs: ANSWER_MS, clock, signal };
  watched.busy = true;
  try {
    const answer = await findEngine(dialect, look);
    // One that was ended has not answered; one that has, and did not say it, will not say it the next time either.
    if (!signal.aborted) watched.settled = true;
    if (!answer.found) return;
    tell(answer.version);
    if (identity !== undefined) versions?.keep(identity, answer.version, clock.now());
  } catch {
    // That nobody knows the version is no reason to fail.
  } finally {
    watched.busy = false;
  }
}

/** What the package says that the program came with: nothing has to be started to read it. */
function packageVersion(found: string, packages: readonly string[]): string | undefined {
  if (packages.length === 0) return undefined;
  try {
    for (let at = path.dirname(realpathSync(found)); at !== path.dirname(at); at = path.dirname(at)) {
      const manifest = path.join(at, 'package.json');
      const there = statSync(manifest, { throwIfNoEntry: false });
      if (there?.isFile() !== true || there.size > LONGEST_PACKAGE) continue;
      const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
      // The nearest one may only say how files of its directory are read.
      if (name === undefined) continue;
      const ours = typeof name === 'string' && packages.includes(name);
      return ours && typeof version === 'string' && isVersion(version) ? version : undefined;
    }
  } catch {
    // A package that cannot be read says nothing; the program does.
  }
  return undefined;
}
