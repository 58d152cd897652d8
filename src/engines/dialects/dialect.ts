/** Says what a dialect is: our translation of one agent CLI, without doing anything itself. */
import type { SaidWhat, Usage } from '../../model/event.ts';
import type { Failure, FailureReason } from '../../model/failure.ts';
import type { PromptJob } from '../../model/ports.ts';
import type { Json } from '../../model/result.ts';
import type { Access, Effort } from '../../model/workflow.ts';

/** Where an attempt is made. All paths are absolute. */
export interface DialectPlace {
  readonly cwd: string;
  /** The workspace's root. */
  readonly root: string;
  /** An empty directory of this attempt alone, removed when it has ended. `files` are written into it; `tmp` in it exists. */
  readonly scratch: string;
  /** Whether we are the superuser, whom some engines refuse. */
  readonly superuser: boolean;
  /** Set where the root is in no git repository. */
  readonly outsideGit?: boolean;
  /** Names of variables that the user has passed to the engine. */
  readonly passed?: readonly string[];
}

/** What starts an engine: everything after the program's own name. */
export interface EngineCommand {
  readonly args: readonly string[];
  /** Ranks above the caller's environment, below what the configuration and the step set. */
  readonly env: Readonly<Record<string, string>>;
  /** Written at once, then closed. */
  readonly stdin: string;
  /** Files to write into `scratch` before the start, by name; one that begins with `#!` can be started. */
  readonly files: Readonly<Record<string, string>>;
  /** Name of a file in `scratch` that the engine writes what its output does not say into. */
  readonly notes?: string;
}

/** Something an engine said, in our words. Texts are whole; the listener shortens them. */
export interface Said {
  readonly what: SaidWhat;
  readonly text?: string;
  readonly tool?: string;
  readonly usage?: Usage;
  /** A tool call began; silence is normal until it is closed. */
  readonly opens?: string;
  readonly closes?: string;
}

/** What one line of output says. */
export interface Line {
  readonly said: readonly Said[];
  /** Whether the engine got on with its work. Garbage is no sign of life, and neither is trying again. */
  readonly alive: boolean;
  /** The engine said how its turn ended: all that is left for it is to exit. */
  readonly over: boolean;
  /** Nothing will come of waiting for the engine any longer: it is ended, and what it has `trouble` with is why. */
  readonly hopeless?: true;
}

/** A line that says nothing. */
export const NOTHING_SAID: Line = { said: [], alive: false, over: false };

/** How an engine's process ended. */
export interface EngineEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to standard error. */
  readonly stderr: string;
  /** What the engine wrote into the file that its command calls `notes`; undefined where that is none, or too long. */
  readonly notes?: string;
  /** The length in bytes of the last line that was too long to be read; undefined where all were read. */
  readonly leftOut?: number;
  /** Milliseconds since the epoch: clock times in messages are read against it, in the local time zone. */
  readonly now: number;
}

/** What a turn left behind, whether it went well or not. */
export interface Facts {
  /** The final message. */
  readonly text?: string;
  /** The structured answer, where the engine itself tells it from text. */
  readonly structured?: Json;
  /** Of the whole session where `cumulative` is set, else of this turn. */
  readonly usage?: Usage;
  readonly cumulative?: boolean;
  /** The model that answered. */
  readonly model?: string;
}

/** What the end of a turn means. */
export type Verdict = Facts & ({ readonly ok: true } | { readonly ok: false; readonly failure: Failure });

/** Follows one turn from its first line to its end. Never throws, whatever the bytes. */
export interface Reader {
  /** Reads a whole line, without its newline. */
  line(text: string): Line;
  /** Reads a whole line of standard error, where the engine says there what it does not print. */
  errorLine?(text: string): Line;
  /** The session as the engine named it. */
  session(): string | undefined;
  /** The version of the engine, where its output names it. */
  version?(): string | undefined;
  /** What the engine is trying again because of, when it does nothing else: why it is silent. */
  trouble(): Failure | undefined;
  end(end: EngineEnd): Verdict;
}

/** Keys of a `prompt` step that not every engine can honour, as the file spells them. */
export type PromptKey =
  | 'access'
  | 'model'
  | 'effort'
  | 'max-turns'
  | 'network'
  | 'tools'
  | 'mcp'
  | 'system'
  | 'output'
  | 'session'
  | 'fork';

/** What an engine can do: what validation holds a step against, and `docs/engines.md` shows. */
export interface Capabilities {
  /** Keys it honours at every access level; `network` is a matter of the level. */
  readonly keys: readonly PromptKey[];
  /** Whether it can be held to `network: on` or `off`. */
  readonly network: Readonly<Record<Access, readonly ('on' | 'off')[]>>;
  /** What each level means, in a sentence. */
  readonly access: Readonly<Record<Access, string>>;
  /** The levels that it has; all where nothing is said. */
  readonly levels?: readonly Access[];
  /** Whether a `model` can be chosen; where nothing is said it can. */
  readonly choosesModel?: boolean;
  readonly efforts: readonly Effort[];
  /** Whether it reports what a turn cost. */
  readonly reportsCost: boolean;
  /** Whether it ends by itself when `maxUsd` is used up. */
  readonly limitsCost?: true;
  /** How an answer is made to fit `output`: by a mode of the engine, or by words in the prompt alone. It is checked in any case. */
  readonly schema: 'native' | 'prompt';
  /** When its output says what was used: as it works, so that a budget in tokens ends the attempt; when the turn is over; never. */
  readonly usage: 'live' | 'end' | 'none';
  /** What holds its commands below `access: full`: a sandbox of its own, or nothing but its own rules. */
  readonly sandbox: Sandbox;
  /** Whether a step below the root of the workspace can open all of it to the engine. */
  readonly addDir: boolean;
  /** Whether a session goes on only in the directory in which it began, whatever directory the engine is started in. */
  readonly sessionStays?: true;
  /** The names that its rules of `tools` are held against; where nothing is said, any name is taken. */
  readonly tools?: KnownTools;
}

/** The tools that an engine is known to have. */
export interface KnownTools {
  readonly names: readonly string[];
  /** Names that are not its own to know, such as those of an MCP server's tools. */
  readonly others: RegExp;
  /** Whether one rule may be a list of them, with commas or blanks between. */
  readonly lists?: true;
}

/** What confines the commands of an engine. */
export type Sandbox = 'bubblewrap' | 'none';

/** Versions, as the engine prints them; a bound that has fewer parts covers all that begin with it. */
export interface Tested {
  readonly from: string;
  readonly to: string;
}

/** What tells that an engine is signed in, without asking anybody. */
export interface SignIn {
  /** Any of them is enough, where it is set and not empty. */
  readonly variables: readonly string[];
  /**
   * The files that it keeps its sign-in in, absolute, given the environment of its attempts. One that is a JSON object with one of
   * `keys` is enough; no keys stand for any.
   */
  files(env: Readonly<Record<string, string>>): readonly SignInFile[];
  /** Arguments with which the program says by its exit code whether it is signed in, writing nothing and asking nobody. */
  readonly ask?: readonly string[];
  /** On macOS it keeps its sign-in in the keychain, which is not looked into. */
  readonly keychain?: boolean;
  /** What to do where nothing of it is there. */
  readonly help: string;
}

/** A file that may hold a sign-in. */
export interface SignInFile {
  readonly path: string;
  readonly keys: readonly string[];
  /** Of a file that is no JSON object, or of one whose keys do not say it: what its text has. Instead of `keys`. */
  readonly pattern?: RegExp;
  /** The variable that holds the key, where the file only names it. */
  readonly wants?: (text: string) => string | undefined;
}

/** What an engine wrote into a file of its own about a session. */
export interface Ledger {
  /** Spent by the whole session. */
  readonly usage?: Usage;
  readonly model?: string;
}

/** The turn that a reader follows; whose attempt it is, is not known where a transcript is read again. */
export type TurnJob = Pick<PromptJob, 'prompt' | 'model' | 'session'> &
  Partial<Pick<PromptJob, 'run' | 'step' | 'attempt' | 'mcp'>>;

/** One engine CLI: one that was measured, or one that the configuration declares. */
export interface AnyDialect {
  readonly name: string;
  /** The program, as found in PATH. */
  readonly program: string;
  /** What to do when it is missing. */
  readonly install: string;
  /** The versions that this dialect was measured with, where somebody measured it. */
  readonly tested?: Tested;
  /** The npm packages that the program comes in; they have its version. */
  readonly packages?: readonly string[];
  /** Whether it names its version as it names its session: then nobody asks for it. */
  readonly namesVersion?: true;
  readonly capabilities: Capabilities;
  /** The engine's own documented variables for sign-in, home and back-ends, given what is set; `*` at the end is a prefix. */
  variables(environ: Readonly<Record<string, string | undefined>>): readonly string[];
  command(job: PromptJob, place: DialectPlace): EngineCommand;
  /** @param job the turn to follow */
  reader(job: TurnJob): Reader;
  /**
   * Variables of which the engine takes over from a file of the workspace what nobody has set, and by which that file could have it
   * carry its key elsewhere. Where one of `files` is in the workspace, in the step's directory or above it, those that nobody set
   * are set to these values.
   */
  readonly held?: {
    readonly files: readonly string[];
    readonly values: Readonly<Record<string, string>>;
  };
  /**
   * Files of the workspace, by path from its root, in which `says` finds what would have the engine carry its key to another server,
   * and nothing that it is given keeps it from that.
   */
  readonly steeredBy?: { readonly files: readonly string[]; readonly says: RegExp };
  /**
   * How names begin that the engine makes at the workspace's root for itself: what was not there before a turn is removed after it,
   * so that it is no part of what the step changed.
   */
  readonly litter?: readonly string[];
  /** Where the engine keeps a session's record: the file below `directory` whose name ends so. */
  ledgerFile?(
    env: Readonly<Record<string, string>>,
    session: string,
  ): { readonly directory: string; readonly suffix: string } | undefined;
  /** Reads the end of that file. */
  ledger?(lines: readonly string[]): Ledger;
}

/** One engine CLI that was measured. */
export interface Dialect extends AnyDialect {
  readonly tested: Tested;
  readonly signIn: SignIn;
  /** Arguments with which the program starts something in its sandbox; the exit code 0 says that it can. */
  readonly sandboxCheck?: readonly string[];
  /** The file that its user configures it by, given the environment of its attempts. */
  settings?(env: Readonly<Record<string, string>>): string | undefined;
}

/** Messages are a few lines; the transcript has the rest. */
const LONGEST_MESSAGE = 600;

/** Makes a failure out of the engine's own words. */
export function failureOf(
  reason: FailureReason,
  words: string,
  help: Partial<Record<FailureReason, string>>,
  more: Partial<Pick<Failure, 'exit-code' | 'signal' | 'retry-at'>> = {},
): Failure {
  const line = words.replace(/\s+/g, ' ').trim() || 'it failed and did not say why';
  const message = line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
  const advice = help[reason];
  return { reason, message, ...more, ...(advice === undefined ? {} : { help: advice }) };
}

/**
 * The failure of a turn of which something is missing. Where a line was left out, that is why; what else could be made of its
 * absence is a guess.
 */
export function unlessLeftOut(failure: Failure, { leftOut, exitCode }: EngineEnd): Failure {
  if (leftOut === undefined || failure.signal !== undefined) return failure;
  const line = `a line of ${Math.round(leftOut / 1024 / 1024)} MiB that it printed was too long to be read`;
  if (exitCode !== 0) return { ...failure, message: `${failure.message}; ${line}` };
  return {
    reason: 'internal',
    message: `${line}, and without that line it is not known how the turn ended`,
    help: 'have the agent write big texts to a file and answer with its path; the transcript has the whole line',
  };
}

/** Whether a launcher ended because it did not find, or could not start, the real program (env(1), `EXIT STATUS`). */
export function notFound(exitCode: number): boolean {
  return exitCode === 126 || exitCode === 127;
}
