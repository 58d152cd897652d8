/** Holds the words of the diagnostics about YAML itself. */
import { error, slipOf } from './entry.ts';

export const YAML_CODES = {
  'too-large': error<{ limit: string }>(
    ({ limit }) => `the file is larger than ${limit}`,
    () => 'move long texts to files of their own: `prompt-file` for prompts, scripts for commands',
  ),
  'nul-character': error<object>(
    () => 'there is a NUL character here, which no YAML text contains',
    () => 'save the file as UTF-8 text',
  ),
  'too-deep': error<{ limit: number }>(
    ({ limit }) => `mappings and lists are nested deeper than ${limit} here`,
    () => 'flatten it; a workflow needs no more than a dozen levels',
  ),
  'too-many-keys': error<{ limit: number }>(
    ({ limit }) => `this mapping has more than ${limit} keys`,
    () => 'split it; long data belongs in a file that a step reads',
  ),
  'too-many-tokens': error<{ limit: number }>(
    ({ limit }) => `the file has more than ${limit} YAML tokens`,
    () => 'split the workflow; long data belongs in a file that a step reads',
  ),
  'too-many-aliases': error<{ limit: number }>(
    ({ limit }) => `the file has more than ${limit} aliases`,
    () => 'put shared settings under `defaults` or `agents` instead',
  ),
  'alias-expansion': error<{ times: number }>(
    ({ times }) => `this alias makes the document more than ${times} times larger than it is written`,
    () => 'write aliases that do not contain further aliases',
  ),
  'self-alias': error<{ name: string }>(
    ({ name }) => `\`*${name}\` stands inside the value that \`&${name}\` names, so it would never end`,
    () => 'put the anchor on a value that does not contain its own alias',
  ),
  'unknown-alias': error<{ name: string; nearest?: string | undefined; known: readonly string[] }>(
    ({ name }) => `no anchor \`&${name}\` stands above this alias`,
    ({ name, nearest }) =>
      nearest === undefined ? `write \`&${name}\` at a value above` : `did you mean \`*${nearest}\`?`,
    ({ name, nearest, known }) => slipOf(name, nearest, known),
  ),
  'several-documents': error<object>(
    () => 'a second document starts here, and a workflow file holds one',
    () => 'move it to a file of its own, or take out the `---`',
  ),
  'duplicate-key': error<{ key: string }>(
    ({ key }) => `\`${key}\` stands in this mapping twice`,
    () => 'take one of them out; the first is not overwritten silently',
  ),
  'unknown-tag': error<{ tag: string }>(
    ({ tag }) => `\`${tag}\` is not a tag of standard YAML`,
    () => 'take it out, or put the value in quotes',
  ),
  'tab-indentation': error<object>(
    () => 'a tab is used as indentation, which YAML does not allow',
    () => 'indent with spaces',
  ),
  'bad-merge': error<object>(
    () => '`<<` merges mappings, and this is none',
    () => 'write `<<: *name`, or `<<: [*one, *two]`, with anchors that stand on mappings',
  ),
  'complex-key': error<object>(
    () => 'a key here is not a text',
    () => 'keys are words: `key: value`; put special ones in quotes',
  ),
  'bad-number': error<{ text: string }>(
    ({ text }) => `\`${text}\` is not a number that JSON can carry`,
    ({ text }) => `write \`"${text}"\` if the text is meant`,
  ),
  'yaml-syntax': error<{ problem: string; help?: string | undefined }>(
    ({ problem }) => `this is not YAML: ${problem}`,
    ({ help }) => help ?? 'check the indentation and the quotes of this line and of the one above it',
  ),
};
