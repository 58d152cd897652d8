/** Says at length what the diagnostics about comments that silence warnings mean, for `docs/errors.md` and for editors. */

export const IGNORE_ABOUT = {
  'ignored-error':
    'A comment `# codemachine-ignore: <code>` names an error. Only warnings can be silenced: with an error in it the file does not run.',
  'unused-ignore':
    'A comment `# codemachine-ignore: <code>` silences nothing: the line below has no such warning, there is no such code, or the comment stands beside something in place of above it. It is said once the file has no errors, since these may hide the warning.',
} as const;
