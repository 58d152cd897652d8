/** Says in one line what an agent is doing. */
import type { HeardChatter } from '../model/event.ts';
import { oneLine } from './clean.ts';
import type { Paint } from './paint.ts';

const WIDEST = 200;

type Said = Extract<HeardChatter, { type: 'said' }>;

/** How much is said, and in which colours. */
export interface SaidOptions {
  readonly verbose: boolean;
  readonly paint: Paint;
}

/** One line, or none for what is not worth one. */
export function saidLine(said: Said, { verbose, paint }: SaidOptions): readonly string[] {
  const doing = inWords(said, verbose);
  return doing === undefined ? [] : [`${paint.dim(said.step)} ${doing}`];
}

/** What an agent is doing, without its name; undefined for what only the curious want to see. */
export function inWords({ what, text = '', tool }: Said, verbose: boolean): string | undefined {
  const words = oneLine(text, WIDEST);
  const name = oneLine(tool ?? 'a tool', WIDEST);
  switch (what) {
    case 'text':
      return words === '' ? undefined : `says: ${words}`;
    case 'thinking':
      return verbose && words !== '' ? `thinks: ${words}` : undefined;
    case 'tool-call':
      return words === '' ? `uses ${name}` : `uses ${name}: ${words}`;
    case 'tool-result':
      return verbose && words !== '' ? `got: ${words}` : undefined;
    case 'file-change':
      return `changes ${words === '' ? 'a file' : words}`;
    case 'retry':
      return words === '' ? 'asks its model again' : `asks its model again: ${words}`;
    case 'usage':
      return undefined;
  }
}
