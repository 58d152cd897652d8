// Tells the stories of the screens with other words.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Event } from '../../../src/model/event.ts';
import type { Json } from '../../../src/model/result.ts';

/** What is ours in an event; every other text of it is somebody's. */
const OURS = new Set([
  ...[
    'v',
    'seq',
    'at',
    'run',
    'type',
    'kind',
    'reason',
    'step',
    'tree',
    'sha256',
    'digest',
    'workspace',
    'status',
  ],
  ...[
    'stream',
    'what',
    'unit',
    'reused',
    'until',
    'retry-at',
    'expires-at',
    'instances',
    'candidates',
    'from',
  ],
]);

/** Runs, as their events tell them. */
export const STORIES: readonly (readonly Event[])[] = [
  'every-event',
  'failed',
  'several-failed',
  'parked',
  'succeeded',
].map((name) => {
  const file = path.join(import.meta.dirname, '../screens', `${name}.jsonl`);
  const [, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Event);
});

/** The same story, told with other words. */
export function inWords(payload: string, events: readonly Event[]): readonly Event[] {
  const replaced = (value: Json, key: string): Json => {
    if (typeof value === 'string') return OURS.has(key) ? value : `${payload}\n`;
    if (Array.isArray(value)) return value.map((one) => replaced(one as Json, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, replaced(one as Json, name)]),
    );
  };
  return events.map((event) => replaced(event as unknown as Json, '') as unknown as Event);
}
