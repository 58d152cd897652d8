// Holds printed events against their contract.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Event } from '../../src/model/event.ts';

const schema = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../schemas/event.schema.json'), 'utf8'),
) as object;
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);

/** Every line of `--json`; throws at a line that is no event. */
export function strictEvents(stdout: string): readonly Event[] {
  const lines = stdout.split('\n');
  if (lines.pop() !== '') throw new Error('the last line does not end');
  return lines.map((line) => {
    const event = JSON.parse(line) as Event;
    if (!validate(event)) throw new Error(`${line}\n${JSON.stringify(validate.errors, null, 1)}`);
    return event;
  });
}

/** The events of one type. */
export function of<T extends Event['type']>(
  events: readonly Event[],
  type: T,
): readonly Extract<Event, { type: T }>[] {
  return events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
}
