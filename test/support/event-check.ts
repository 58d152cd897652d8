// Holds printed events against their contract.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Event } from '../../src/model/event.ts';

const fits = (name: string) => {
  const file = path.resolve(import.meta.dirname, `../../schemas/${name}.schema.json`);
  const schema = JSON.parse(readFileSync(file, 'utf8')) as object;
  return new Ajv2020({ strict: false, allErrors: true }).compile(schema);
};
const validate = fits('event');
const isError = fits('error');

/** Every event of `--json`; throws at a line that is none, but for the last, which may say why the command came to nothing. */
export function strictEvents(stdout: string): readonly Event[] {
  const lines = stdout.split('\n');
  if (lines.pop() !== '') throw new Error('the last line does not end');
  if (isError(JSON.parse(lines.at(-1) ?? 'null'))) lines.pop();
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
