/** Says what a child of ours is given, what is heard of it, how it ends. */
import type { Socket } from 'node:net';
import type { StopReason } from '../model/ports.ts';
import { LADDER, type LadderPauses } from './stopping.ts';
import { SWEEP, type SweepPauses } from './sweep.ts';

/** A child to start. */
export interface ProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All of it; nothing is inherited. `CODEMACHINE_MARK` in it is `mark`. */
  readonly env: Readonly<Record<string, string>>;
  /** Written at once, then closed. Without it the child reads end-of-file: an open pipe hangs some engines for ever. */
  readonly stdin?: string | Uint8Array;
  readonly mark: string;
  readonly kind: 'shell' | 'engine';
  /** Whether what it left behind is ended also when it succeeded. Otherwise that lives on as `background`. */
  readonly sweepAfter: boolean;
}

/** Hears the bytes of a child as they come. Must not throw. */
export interface ProcessEars {
  stdout(chunk: Uint8Array): void;
  stderr(chunk: Uint8Array): void;
}

/** What a child ended with; one of the two is null. */
export type Exit = readonly [code: number | null, signal: string | null];

/** A Node that works for us. */
export interface HostProcess {
  /** Both ways. Errors on it are heard already. */
  readonly channel: Socket;
  /** Resolves when it has ended and everything it said was read. */
  readonly ended: Promise<Exit>;
  kill(): void;
}

/** The operating system refused to start it. */
export interface SpawnError {
  /** `ENOENT`, `EACCES`, `E2BIG`, … */
  readonly code: string;
  readonly message: string;
}

/** How a child ended. */
export interface ProcessEnd {
  readonly spawnError?: SpawnError;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** It was stopped, whatever it then exited with. */
  readonly stopped?: StopReason;
  /** The pipes were cut because something it left behind still held them. */
  readonly cut: boolean;
  readonly durationMs: number;
  /** Something lives on and holds the pipes: the ears go on hearing it until `closed`. It does not keep our process alive. */
  readonly background?: { readonly closed: Promise<void> };
}

/** The pauses of a child's end, in milliseconds. */
export interface ProcessPauses {
  readonly ladder: LadderPauses;
  readonly sweep: SweepPauses;
  /** How long output is waited for after the exit. */
  readonly drainMs: number;
}

/** The pauses that users are promised. */
export const PAUSES: ProcessPauses = { ladder: LADDER, sweep: SWEEP, drainMs: 2_000 };

/** What a tool of ours printed. */
export interface ToolEnd {
  /** 127 when it could not be started, with the reason in `stderr`; 128 when a signal ended it. */
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** What a tool of ours is given. `PATH` is ours where `env` has none. */
export interface ToolOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
}

/** Says why something could not be started, in the words of Node or of execa. */
export function spawnError(error: unknown): SpawnError {
  const { code, message, originalMessage } = error as {
    code?: string;
    message?: string;
    originalMessage?: string;
  };
  return { code: code ?? 'UNKNOWN', message: originalMessage ?? message ?? String(error) };
}
