/** Holds the words of the diagnostics about which keys and values stand where. */
import { error } from './entry.ts';

export const SHAPE_CODES = {
  'not-supported-yet': error<{ key: string; since: string }>(
    ({ key }) => `\`${key}\` is part of the language, and this version of codemachine does not run it yet`,
    ({ since }) => since,
  ),
};
