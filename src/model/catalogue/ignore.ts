/** Holds the words of the diagnostics about comments that silence warnings. */
import { warning } from './entry.ts';

export const IGNORE_CODES = {
  'ignored-error': warning<{ code: string }>(
    ({ code }) => `\`${code}\` is an error, and only warnings can be silenced`,
    () => 'put right what it is about, and take the comment out',
  ),
  'unused-ignore': warning<{ code: string; unknown: boolean; alone: boolean; nearest?: string | undefined }>(
    ({ code, unknown }) =>
      unknown ? `there is no diagnostic \`${code}\` to silence` : `\`${code}\` is silenced here for nothing`,
    ({ nearest, unknown, alone }) => {
      if (nearest !== undefined) return `did you mean \`${nearest}\`?`;
      if (unknown) return 'take it out, or write the code that stands in the brackets of the warning';
      return alone
        ? 'take it out: the line below has no such warning'
        : 'put it on a line of its own, above the one it is about, or take it out';
    },
  ),
};
