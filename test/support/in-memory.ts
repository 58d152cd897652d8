/** Finds a place for files that need not outlive a test, where making them costs no disk. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// Where Linux keeps shared memory: a file system of its own in every distribution.
const MEMORY = '/dev/shm';
// More than all tests that are at work have at once; the 64 MiB that containers are given by default do not do.
const ENOUGH = 4 * 1024 ** 3;

let found: string | undefined;

/**
 * A directory in memory; that for temporary files where there is none, it has less than 4 GiB free, or no script can be started
 * from it. Half of what a test with a repository waits for is a disk that makes files which are gone a second later.
 *
 * Not for a sandbox that brings its own `/dev`, as that of Codex does.
 */
export function inMemory(): string {
  found ??= isFit() ? MEMORY : tmpdir();
  return found;
}

function isFit(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH && startsScripts();
  } catch {
    return false;
  }
}

function startsScripts(): boolean {
  const directory = mkdtempSync(path.join(MEMORY, 'codemachine-'));
  try {
    const script = path.join(directory, 'script');
    writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
    return spawnSync(script).status === 0;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
