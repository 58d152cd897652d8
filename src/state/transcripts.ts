/** Keeps what each attempt said in files of its own. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { RUN_ID_PATTERN, type RunId, type StepKey } from '../model/ids.ts';
import { explain } from './problem.ts';

/** The files an attempt may have. */
export const TRANSCRIPT_FILES = [
  'prompt.md',
  'stdout.log',
  'stderr.log',
  'events.jsonl',
  'answer.json',
] as const;

/** One of the files of an attempt. */
export type TranscriptFile = (typeof TRANSCRIPT_FILES)[number];

const SLUG_LENGTH = 60;
const DIGEST_LENGTH = 8;

/**
 * Names the directory of an attempt: a slug of the key for people, a piece of its hash because slugs may be alike, the attempt.
 * Whatever the key holds (`../x`, 300 letters, only dots), the name is one part of a path.
 */
export function stepDirectory(step: StepKey, attempt: number): string {
  const slug = step
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, SLUG_LENGTH)
    .replace(/[.-]+$/, '');
  const digest = createHash('sha256').update(step).digest('hex').slice(0, DIGEST_LENGTH);
  return `${slug === '' ? 'step' : slug}-${digest}.${attempt}`;
}

/** The directory of a run's transcripts. Throws for a text that is no run id, so that none leads elsewhere. */
export function runDirectory(state: string, run: RunId): string {
  if (!RUN_ID_PATTERN.test(run)) throw new Error(`${JSON.stringify(run)} is no run id`);
  return path.join(state, 'runs', run);
}

/** Names can be guessed: a link that was planted is not followed, and a pipe without a reader is an error instead of a wait. */
const APPEND =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The files of one attempt while it runs. */
export interface Transcript {
  /** Where they are, or will be: it is made when the first byte is written. */
  readonly directory: string;
  /**
   * Appends, and returns when the system has the bytes: what a child writes faster than the disk takes it is held back in its pipe
   * instead of in our memory. Never throws; see `problem`.
   */
  write(file: TranscriptFile, bytes: Uint8Array | string): void;
  /** The last `bytes` bytes. */
  tail(file: TranscriptFile, bytes: number): Buffer;
  /** Why something could not be written, as a sentence: the attempt goes on without its transcript. */
  problem(): string | undefined;
  close(): void;
}

/** Opens the transcript of an attempt; touches no file yet. */
export function openTranscript(state: string, run: RunId, step: StepKey, attempt: number): Transcript {
  const directory = path.join(runDirectory(state, run), stepDirectory(step, attempt));
  const open = new Map<TranscriptFile, number>();
  let trouble: string | undefined;

  const descriptor = (file: TranscriptFile): number => {
    const known = open.get(file);
    if (known !== undefined) return known;
    if (open.size === 0) mkdirSync(directory, { recursive: true, mode: 0o700 });
    const opened = openSync(path.join(directory, file), APPEND, 0o600);
    open.set(file, opened);
    return opened;
  };

  return {
    directory,
    write: (file, bytes) => {
      if (trouble !== undefined) return;
      try {
        writeAll(descriptor(file), typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
      } catch (error) {
        trouble = explain(error, path.join(directory, file)).message;
      }
    },
    tail: (file, bytes) => readTail(path.join(directory, file), bytes),
    problem: () => trouble,
    close: () => {
      for (const opened of open.values()) closeSync(opened);
      open.clear();
    },
  };
}

// A write may take less than it was given: on a full disk, or past 2 GiB.
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength; ) done += writeSync(descriptor, bytes, done);
}

/** A file of an attempt, for those who read it. */
export interface LogFile {
  readonly name: TranscriptFile;
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/** The files an attempt has; none where nothing was written. */
export function transcriptFiles(
  state: string,
  run: RunId,
  step: StepKey,
  attempt: number,
): readonly LogFile[] {
  const directory = path.join(runDirectory(state, run), stepDirectory(step, attempt));
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return TRANSCRIPT_FILES.filter((name) => names.includes(name)).map((name) => {
    const file = path.join(directory, name);
    return { name, path: file, size: statSync(file).size };
  });
}

/** Reads on from `offset`, at most `limit` bytes; empty at the end, and for a file that is not there (yet). Calling it again follows the file. */
export function readFrom(file: string, offset: number, limit: number): Buffer {
  return reading(file, (descriptor, size) => part(descriptor, offset, Math.min(limit, size - offset)));
}

function readTail(file: string, bytes: number): Buffer {
  return reading(file, (descriptor, size) => {
    const wanted = Math.min(bytes, size);
    return part(descriptor, size - wanted, wanted);
  });
}

function reading(file: string, read: (descriptor: number, size: number) => Buffer): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return Buffer.alloc(0);
  }
  try {
    return read(descriptor, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

function part(descriptor: number, offset: number, length: number): Buffer {
  if (length <= 0) return Buffer.alloc(0);
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const read = readSync(descriptor, buffer, done, length - done, offset + done);
    if (read === 0) break;
    done += read;
  }
  return buffer.subarray(0, done);
}
