/** Reads what an engine noted about a session in a file of its own. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import type { Usage } from '../model/event.ts';
import type { PromptJob } from '../model/ports.ts';
import type { AnyDialect, Ledger } from './dialects/dialect.ts';

/** The newest notes stand last; a turn's are spread over no more than this. In bytes. */
const TAIL = 4 * 1024 * 1024;

/** What the engine noted about the session; nothing where it keeps no such file, or where it cannot be read. */
export function readLedger(
  dialect: AnyDialect,
  env: Readonly<Record<string, string>>,
  session: string,
): Ledger {
  const file = dialect.ledgerFile?.(env, session);
  if (file === undefined || dialect.ledger === undefined) return {};
  const found = findBySuffix(file.directory, file.suffix);
  return found === undefined ? {} : dialect.ledger(tailOf(found).split('\n'));
}

/** What sessions had used when they were last heard of, by session: for engines that keep no such file. */
export type Totals = Map<string, Usage>;

/** What is known of the session that a turn goes on in, before it does. */
export function ledgerBefore(
  dialect: AnyDialect,
  env: Readonly<Record<string, string>>,
  { session }: PromptJob,
  totals: Totals,
): Ledger {
  if (session === undefined) return {};
  const noted = readLedger(dialect, env, session.id);
  const usage = noted.usage ?? totals.get(session.id);
  return { ...noted, ...(usage === undefined ? {} : { usage }) };
}

/**
 * What a turn used, given the count of its whole session; undefined where nobody can say, because the engine counts on in a session
 * and what it had counted before is known to nobody.
 */
export function usageOfTurn(
  dialect: AnyDialect,
  { session }: PromptJob,
  total: Usage,
  before: Usage | undefined,
): Usage | undefined {
  const isLost = session !== undefined && before === undefined && dialect.ledgerFile === undefined;
  return isLost ? undefined : usageSince(total, before);
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
