/** Finds an engine's program on this machine. */
import type { EngineConfig } from '../model/config.ts';
import type { ProcessEnd } from './child.ts';
import { agentBase, type Environ, passing } from './child-env.ts';
import type { AnyDialect } from './dialects/dialect.ts';
import { configuredHelp, engineCommand, notFoundTrouble, refusedTrouble } from './not-started.ts';
import { startProcess } from './process.ts';
import { locate } from './search-path.ts';
import { keepTail } from './tail.ts';

/** An engine that was looked for. */
export type FoundEngine =
  | { readonly found: true; readonly path: string; readonly version: string }
  | {
      readonly found: false;
      /** Nothing of that name is there, and nothing says that it should be. */
      readonly absent?: boolean;
      readonly message: string;
      readonly help: string;
    };

/** What a look for an engine needs. */
export interface FindDeps {
  readonly config: EngineConfig;
  readonly environ: Environ;
  /** Absolute path of the repository's root; the program is not started in it. */
  readonly root: string;
  /** The mark of whoever asks: each program that is asked carries one that begins so. */
  readonly mark: string;
  /** Milliseconds after which a program that does not say its version is ended. */
  readonly timeoutMs: number;
  readonly clock: { after(ms: number, then: () => void): () => void };
  /** Ends what is asked, at once. */
  readonly signal?: AbortSignal;
}

/** Looks for the program and asks for its version, in the environment that its attempts get. */
export async function findEngine(dialect: AnyDialect, deps: FindDeps): Promise<FoundEngine> {
  const { program, first } = engineCommand(dialect, deps.config, deps.root);
  const found = locate(program, engineEnv(dialect, deps).PATH ?? '');
  if (found === undefined) {
    const absent = deps.config.command === undefined;
    return { found: false, absent, ...notFoundTrouble(dialect, deps.config, deps.root) };
  }
  const { end, stdout, stderr } = await askEngine(dialect, deps, found, ['--version']);
  const version = /\d+\.\d+\.\d+[\w.+-]*/.exec(stdout)?.[0];
  if (end.exitCode === 0 && version !== undefined) return { found: true, path: found, version };
  if (end.spawnError !== undefined) {
    return { found: false, ...refusedTrouble(found, deps.config, dialect, end.spawnError) };
  }
  const said = stderr || stdout || 'it said nothing';
  const how = end.stopped === undefined ? `failed: ${said}` : `did not end within ${deps.timeoutMs} ms`;
  const help = configuredHelp(dialect, deps.config, deps.root) ?? dialect.install;
  return { found: false, message: `\`${[found, ...first].join(' ')} --version\` ${how}`, help };
}

/** Looks for the program and starts nothing: what a program of one's own does when it is asked for its version, nobody knows. */
export function findProgram(
  dialect: AnyDialect,
  deps: Pick<FindDeps, 'config' | 'environ' | 'root'>,
):
  | { readonly found: true; readonly path: string }
  | { readonly found: false; readonly message: string; readonly help: string } {
  const { program } = engineCommand(dialect, deps.config, deps.root);
  const path = locate(program, engineEnv(dialect, deps).PATH ?? '');
  return path === undefined
    ? { found: false, ...notFoundTrouble(dialect, deps.config, deps.root) }
    : { found: true, path };
}

/** The environment that the attempts of an engine start from. */
export function engineEnv(
  dialect: AnyDialect,
  { environ, config }: Pick<FindDeps, 'environ' | 'config'>,
): Readonly<Record<string, string>> {
  return { ...agentBase(environ, [], passing(dialect, environ, config)), ...config.env };
}

/** What a program answered. */
export interface Answered {
  readonly end: ProcessEnd;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the program that was found, in the environment of its attempts, for an answer of a line or two. */
export async function askEngine(
  dialect: AnyDialect,
  deps: FindDeps,
  found: string,
  args: readonly string[],
): Promise<Answered> {
  const { first } = engineCommand(dialect, deps.config, deps.root);
  // What is still there when it has answered is ended by its mark, which others that are asked meanwhile must not carry.
  const mark = `${deps.mark.replace(/;$/, '')}.${dialect.name}.${args.join('-')};`;
  const timeUp = new AbortController();
  const disarm = deps.clock.after(deps.timeoutMs, () => timeUp.abort('timeout'));
  const [stdout, stderr] = [keepTail(), keepTail()];
  const end = await startProcess(
    {
      command: found,
      args: [...first, ...args],
      cwd: '/',
      env: { ...engineEnv(dialect, deps), CODEMACHINE_MARK: mark },
      mark,
      kind: 'engine',
      sweepAfter: true,
    },
    { stdout: (chunk) => stdout.add(chunk), stderr: (chunk) => stderr.add(chunk) },
    {
      soft: new AbortController().signal,
      hard: deps.signal === undefined ? timeUp.signal : AbortSignal.any([timeUp.signal, deps.signal]),
    },
  );
  disarm();
  return { end, stdout: stdout.text(), stderr: stderr.text() };
}
