/** Says whether a value fits what is declared of it. */
import type { Json } from './result.ts';
import type { InputSpec } from './workflow.ts';

/** What each type of input is called. */
export const TYPE_WORDS = {
  string: 'a text',
  number: 'a number',
  boolean: '`true` or `false`',
  json: 'JSON',
  choice: 'one of its options',
} as const;

/** Why a value does not fit an input, as the end of a sentence; undefined when it fits. */
export function misfitOf(
  { type, options = [] }: Pick<InputSpec, 'type' | 'options'>,
  value: Json,
): string | undefined {
  if (type === 'json') return undefined;
  if (type === 'choice') {
    if (typeof value === 'string' && options.includes(value)) return undefined;
    return `must be one of ${options.map((option) => `\`${option}\``).join(', ')}, and is \`${shownJson(value)}\``;
  }
  return typeof value === type ? undefined : `must be ${TYPE_WORDS[type]}, and is \`${shownJson(value)}\``;
}

/** A value in a few words. */
function shownJson(value: Json): string {
  return clipped(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The beginning of a text. */
export function clipped(text: string): string {
  return text.length > MOST ? `${text.slice(0, MOST - 1)}…` : text;
}

const MOST = 60;
