/** The files that are made to take a reader down or keep it busy, with the code of the complaint about each. */
const head = 'name: hostile\nsteps:\n  - run: echo\n';

function billionLaughs(levels: number): string {
  const names = Array.from({ length: levels }, (_, i) => `l${i}`);
  const line = (name: string, i: number) =>
    `x-${name}: &${name} [${
      i === 0
        ? 'ha'
        : Array(9)
            .fill(`*l${i - 1}`)
            .join(', ')
    }]\n`;
  return names.map(line).join('') + head;
}

function indented(depth: number): string {
  return Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:\n`).join('');
}

/** By what is bad about them. */
export const REFUSED: Readonly<Record<string, readonly [text: string, code: string]>> = {
  'a hundred thousand brackets': ['['.repeat(100_000), 'too-deep'],
  'fifty thousand mappings in a line': ['{a: '.repeat(50_000), 'too-deep'],
  'a hundred thousand dashes': ['- '.repeat(100_000), 'too-deep'],
  'a hundred thousand question marks': ['? '.repeat(100_000), 'too-deep'],
  'two thousand indented keys': [indented(2000), 'too-deep'],
  'a billion laughs': [billionLaughs(9), 'alias-expansion'],
  'many aliases': [`x-a: &a 1\nx-b: [${'*a, '.repeat(50_000)}]\n${head}`, 'too-many-aliases'],
  'an alias of itself': [`x-a: &a { b: *a }\n${head}`, 'self-alias'],
  '40,000 keys in one mapping': [
    Array.from({ length: 40_000 }, (_, i) => `x-${i}: 1\n`).join('') + head,
    'too-many-keys',
  ],
  '40,000 keys in one line': [
    `x-a: {${Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`).join(',')}}\n${head}`,
    'too-many-keys',
  ],
  'the same key 900 times': ['x-a: 1\n'.repeat(900) + head, 'duplicate-key'],
  '5 MiB of comment': [`# ${'x'.repeat(5 * 1024 * 1024)}\n${head}`, 'too-large'],
  '3 million three-byte characters': [`# ${'語'.repeat(1_500_000)}\n${head}`, 'too-large'],
  'a NUL': [`${head}    env: { A: "\0" }\n`, 'nul-character'],
  'several documents': [`${head}---\n`.repeat(1000), 'several-documents'],
  'a million empty lines': ['\n'.repeat(1_000_000) + head, 'too-many-tokens'],
  'a hundred thousand quotes': ['"'.repeat(100_000), 'yaml-syntax'],
  'a hundred thousand anchors': [`x-a: ${'&a '.repeat(50_000)}1\n${head}`, 'yaml-syntax'],
  'a tag that makes functions': [`x-a: !!js/function "function () {}"\n${head}`, 'unknown-tag'],
  'a tag without end': ['!'.repeat(100_000), 'unknown-tag'],
  'a key of three million letters': [`${'x'.repeat(3_000_000)}: 1\n${head}`, 'yaml-syntax'],
  'nothing but tabs': ['\t'.repeat(1_000_000), 'not-a-workflow'],
  'a quote over a million lines': [`x-a: "${'\n'.repeat(1_000_000)}`, 'yaml-syntax'],
  'an empty file': ['', 'not-a-workflow'],
};
