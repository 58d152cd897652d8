/** Says at length what the diagnostics about YAML itself mean, for `docs/errors.md` and for editors. */

export const YAML_ABOUT = {
  'too-large':
    'The file is larger than 4 MiB. Put long texts into files of their own: `prompt-file` for prompts, scripts for commands.',
  'nul-character':
    'The file contains a NUL character, so it is not text. An editor or a tool has written it in another encoding, often UTF-16. Save it as UTF-8.',
  'too-deep':
    'Mappings and lists stand more than 64 deep inside each other. A workflow needs no more than a dozen levels.',
  'too-many-keys': 'One mapping has more than 1,000 keys. Long data belongs in a file that a step reads.',
  'too-many-tokens':
    'The file has more than 500,000 YAML tokens. Split the workflow, or move long data to a file that a step reads.',
  'too-many-aliases':
    'The file has more than 100 aliases (`*name`). Put shared settings under `defaults` or `agents` instead.',
  'alias-expansion': 'Aliases of aliases make the document more than ten times larger than it is written.',
  'self-alias': 'An alias stands inside the value that its own anchor names, so it would never end.',
  'unknown-alias':
    'An alias has no anchor above it. An anchor must stand before the first alias that uses it.',
  'several-documents': 'A line `---` starts a second document. A workflow file holds one.',
  'duplicate-key':
    'A key stands in one mapping twice. Most YAML readers take the last one silently; this one asks.',
  'unknown-tag': 'Only the tags of standard YAML are read (`!!str`, `!!int` and their kin).',
  'tab-indentation': 'A tab is used as indentation. Inside block texts tabs are fine.',
  'bad-merge': '`<<` merges mappings, and what stands there is none.',
  'complex-key': 'A key is a list, a mapping or another thing that is no text.',
  'bad-number': 'A number that JSON has no way to write: not a number, or infinite.',
  'yaml-syntax': 'The text is not YAML. The message says what the reader met; often a value needs quotes.',
} as const;
