/** Reads what an engine noted about a session in a file of its own. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import type { Usage } from '../model/event.ts';
import type { Dialect, Ledger } from './dialects/dialect.ts';

/** The newest notes stand last; a turn's are spread over no more than this. In bytes. */
const TAIL = 4 * 1024 * 1024;

/** What the engine noted about the session; nothing where it keeps no such file, or where it cannot be read. */
export function readLedger(dialect: Dialect, env: Readonly<Record<string, string>>, session: string): Ledger {
  const file = dialect.ledgerFile?.(env, session);
  if (file === undefined || dialect.ledger === undefined) return {};
  const found = findBySuffix(file.directory, file.suffix);
  return found === undefined ? {} : dialect.ledger(tailOf(found).split('\n'));
}

/** Directories are named by date, so the newest are looked through first. */
function findBySuffix(directory: string, suffix: string): string | undefined {
  let entries: { name: string; isDirectory(): boolean; isFile(): boolean }[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return undefined;
  }
  entries.sort((a, b) => (a.name < b.name ? 1 : -1));
  for (const entry of entries) {
    const at = path.join(directory, entry.name);
    // A pipe of that name would be waited on for ever.
    if (entry.isFile() && entry.name.endsWith(suffix)) return at;
    const found = entry.isDirectory() ? findBySuffix(at, suffix) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function tailOf(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(TAIL, size));
    const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, read);
  } catch {
    return '';
  } finally {
    closeSync(descriptor);
  }
}

/** What was spent since `before`. A count that went down began anew. */
export function usageSince(total: Usage, before: Usage | undefined): Usage {
  if (before === undefined || total['input-tokens'] < before['input-tokens']) return total;
  return {
    'input-tokens': total['input-tokens'] - before['input-tokens'],
    'output-tokens': Math.max(0, total['output-tokens'] - before['output-tokens']),
    'cached-tokens': Math.max(0, total['cached-tokens'] - before['cached-tokens']),
    usd: total.usd === null || before.usd === null ? null : total.usd - before.usd,
  };
}
