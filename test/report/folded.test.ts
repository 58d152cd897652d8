/** Lines for a narrow terminal. */
import { expect, it } from 'vitest';
import { folded } from '../../src/report/folded.ts';

it('breaks between words, and sets in what goes on', () => {
  const text = '    what to do: raise `max`, or say more\n✖ a  failed: exit-code · 3 attempts · codex';
  expect(folded(text, 24)).toBe(
    [
      ...['    what to do: raise', '      `max`, or say more'],
      ...['✖ a  failed: exit-code ·', '  3 attempts · codex'],
    ].join('\n'),
  );
});

it('leaves whole what is copied: commands, those in a sentence too, and what a step said', () => {
  const whole = [
    '  codemachine resume 20261120-141503-bcdf --updated',
    '    | a line that the compiler wrote about src/x.ts',
  ];
  expect(folded(whole.join('\n'), 30)).toBe(whole.join('\n'));
  expect(folded('say `codemachine resume 2026 --keep-tree` now', 30)).toBe(
    'say\n  `codemachine resume 2026 --keep-tree`\n  now',
  );
});

it('does not count colours, and leaves alone what fits or fits nowhere', () => {
  const line = '\x1b[31m✖\x1b[0m \x1b[1mtest\x1b[0m failed: one';
  expect(folded(line, 20)).toBe(line);
  expect(folded('a long line of words', 10)).toBe('a long line of words');
  expect(folded('one backtick ` in a line of words', 20)).toBe('one backtick ` in a\n  line of words');
});
