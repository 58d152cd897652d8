/** Finds out which version of an engine is at work, while it works. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { AgentDeps } from './agent.ts';
import type { AnyDialect } from './dialects/dialect.ts';
import { heldAgainst, isVersion } from './dialects/versions.ts';
import { findEngine } from './find-engine.ts';
import { engineCommand } from './not-started.ts';
import type { Turns } from './agent-turn.ts';
import { identityOf } from './version-memory.ts';

/** Looks at the version of one engine, once in the life of this process. */
export interface VersionWatch {
  /** For one turn, whose program was found there. */
  turn(of: Pick<Turns, 'mark' | 'hear'>, found: string | undefined): TurnWatch;
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

/** Watches for an engine whose output does not name its version. */
export function watchVersion(dialect: AnyDialect, deps: AgentDeps): VersionWatch {
  const { versions: memory } = deps;
  const { tested } = dialect;
  let settled = memory === undefined || tested === undefined || dialect.namesVersion === true;
  let busy = false;
  const tell = ({ hear }: Pick<Turns, 'hear'>, version: string): void => {
    settled = true;
    if (tested !== undefined) hear.version?.(heldAgainst(version, tested));
  };
  return {
    turn(of, found) {
      if (settled || found === undefined) return NO_WATCH;
      let looked = false;
      let asking: Promise<void> | undefined;
      const end = new AbortController();
      const look = (): void => {
        if (looked || settled || busy) return;
        looked = true;
        const identity = identityOf(found, engineCommand(dialect, deps.config, deps.root).first);
        const known =
          packageVersion(found, dialect.packages ?? []) ??
          (identity === undefined ? undefined : memory?.recall(identity, deps.clock.now()));
        if (known !== undefined) {
          tell(of, known);
          return;
        }
        busy = true;
        asking = ask(dialect, deps, of.mark, end.signal)
          .then((version) => {
            // One that was ended has not answered; one that has, and did not say it, will not say it the next time either.
            if (!end.signal.aborted) settled = true;
            if (version === undefined) return;
            tell(of, version);
            if (identity !== undefined) memory?.keep(identity, version, deps.clock.now());
          })
          .catch(() => undefined)
          .finally(() => {
            busy = false;
          });
      };
      return {
        begun: look,
        async ended(failed) {
          if (failed) look();
          if (asking === undefined) return;
          if (failed) await answeredOr(asking, deps.clock);
          end.abort();
          await asking;
        },
      };
    },
  };
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
  dialect: AnyDialect,
  { environ, secrets, config, root, clock }: AgentDeps,
  mark: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const open = Object.entries(environ).filter(([name]) => !secrets.includes(name));
  const deps = { config, environ: Object.fromEntries(open), root, mark, timeoutMs: ANSWER_MS, clock, signal };
  const answer = await findEngine(dialect, deps);
  return answer.found ? answer.version : undefined;
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
