/** Reads what somebody answers at a gate. */
import os from 'node:os';
import type { GateField, GateQuestion } from '../../model/event.ts';
import { err, type Json, type JsonObject, ok, type Result } from '../../model/result.ts';
import type { InputSpec } from '../../model/workflow.ts';
import { type InputWords, readInputs } from '../../workflow/inputs.ts';

/** The option that fails the step. */
export const REJECT = 'reject';

/** What fields are called on the command line. */
export const FIELD_WORDS: InputWords = { noun: 'field', flag: '--field', owner: 'the gate' };

/** Fields, as what is read like the inputs of a run. */
export function fieldSpecs(fields: Readonly<Record<string, GateField>>): Readonly<Record<string, InputSpec>> {
  const specs = Object.entries(fields).map(([name, field]): [string, InputSpec] => [
    name,
    { ...field, required: field.required ?? false, at: { start: 0, end: 0 } },
  ]);
  return Object.fromEntries(specs);
}

/** The answers to all fields, defaults filled in. Who rejects owes none. The error lists what is wrong, one sentence each. */
export function readAnswers(
  { fields = {} }: GateQuestion,
  decision: string,
  given: Readonly<Record<string, Json>>,
): Result<JsonObject | undefined, readonly string[]> {
  const specs = fieldSpecs(fields);
  if (Object.keys(specs).length === 0 && Object.keys(given).length === 0) return ok(undefined);
  if (decision === REJECT && Object.keys(given).length === 0) return ok(undefined);
  const read = readInputs(specs, given, FIELD_WORDS);
  return read.ok ? read : err(read.error);
}

/** Who decides, as people call them. */
export function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A user id without an entry, as in containers.
    return process.env['USER'] ?? 'somebody';
  }
}
