/** What children print can do nothing but be read. */
import { expect, it } from 'vitest';
import { cleanForGithub, cleanForTerminal, lastLines, oneLine } from '../../src/report/clean.ts';

const plain = { color: false };
const color = { color: true };

const planted: readonly (readonly [what: string, text: string, left: string])[] = [
  [
    'nothing',
    'just text\twith a tab\nand a line – “quoted” 😀',
    'just text\twith a tab\nand a line – “quoted” 😀',
  ],
  ['a cursor movement', 'a\x1b[2Ab', 'ab'],
  ['an erased screen', '\x1b[2J\x1b[Hhome', 'home'],
  ['a scroll region and an alternate screen', '\x1b[1;5r\x1b[?1049hx', 'x'],
  ['parameters of every kind', '\x1b[?25;1$pa\x1b[>4;2mb\x1b[!pc', 'abc'],
  ['a title ended by BEL', '\x1b]0;title\x07text', 'text'],
  ['a title ended by ST', '\x1b]2;title\x1b\\text', 'text'],
  ['a title ended by the C1 ST', '\x1b]2;title\x9ctext', 'text'],
  ['a title that never ends', 'a\x1b]0;title', 'a'],
  ['a title that ends with its line', '\x1b]0;title\nnext', '\nnext'],
  ['a link', '\x1b]8;;http://evil.test/?a=b\x1b\\label\x1b]8;;\x1b\\', 'label'],
  ['the clipboard', '\x1b]52;c;cm0gLXJm\x07text', 'text'],
  ['a device control string', '\x1bP1$r0m\x1b\\text', 'text'],
  ['an application command and a privacy message', '\x1b_Gx\x1b\\\x1b^y\x1b\\\x1bXz\x1b\\t', 't'],
  ['C1 forms', '\x9b2Ja\x9d0;t\x07b\x90q\x9cc\x85d', 'abcd'],
  ['a reset', '\x1bcx', 'x'],
  ['a character set', '\x1b(0x\x1b)Bx', 'xx'],
  ['keypad and cursor modes', '\x1b=\x1b>\x1b7\x1b8x', 'x'],
  ['a lone CR', 'safe\rfake', 'safe\nfake'],
  ['CR LF', 'a\r\nb\r\n', 'a\nb\n'],
  ['backspaces, bells, NUL, DEL, form feed', 'a\x08\x07\x00\x7f\x0c\x0bb', 'ab'],
  ['a lone ESC at the end', 'text\x1b', 'text'],
  ['an escape within an escape', '\x1b\x1b[2Ja\x1b[\x1b[2Jb', 'ab'],
  ['what turns the direction of writing', 'a\u202egpj.exe\u202c\u2066b\u2069\u200e\u200f\u061c', 'agpj.exeb'],
  ['colours', '\x1b[1;38;2;1;2;3mred\x1b[0m', 'red'],
];

it.each(planted)('takes out %s', (_, text, left) => {
  expect(cleanForTerminal(text, plain)).toBe(left);
});

it.each(planted)('leaves no control of %s but colours, where colours are shown', (_, text) => {
  const rest = cleanForTerminal(text, color).replace(/\x1b\[[\d;:]*m/g, '');
  expect(rest).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
});

it('gives the same when it cleans what is clean', () => {
  for (const [, text] of planted) {
    for (const options of [plain, color]) {
      const once = cleanForTerminal(text, options);
      expect(cleanForTerminal(once, options)).toBe(once);
    }
  }
});

it('ends a colour with its line, so that it does not run into the next step', () => {
  expect(cleanForTerminal('\x1b[31mred\nplain', color)).toBe('\x1b[31mred\x1b[0m\nplain');
  expect(cleanForTerminal('\x1b[31mred\x1b[m', color)).toBe('\x1b[31mred\x1b[m');
});

it('does not let two halves close up to an escape', () => {
  expect(cleanForTerminal('\x1b\x00[2J', color)).not.toContain('\x1b[2J');
  expect(cleanForTerminal('\x1b[\x002J', color)).not.toContain('\x1b[2J');
});

it.each([
  ['::error::no', ':\u200b:error::no'],
  ['  \t::set-env name=A::b', '  \t:\u200b:set-env name=A::b'],
  ['\x1b[31m::error::no', ':\u200b:error::no'],
  ['text\r::error::no', 'text\n:\u200b:error::no'],
  ['\x1b]0;x\x07::error::no', ':\u200b:error::no'],
  ['\u00a0::error::', '\u00a0:\u200b:error::'],
  [':::x', ':\u200b::x'],
  ['in ##[group]the middle', 'in ##\u200b[group]the middle'],
  ['###[x]', '###\u200b[x]'],
  ['std::vector and a::b', 'std::vector and a::b'],
])('makes no command of %j', (text, left) => {
  expect(cleanForGithub(text, plain)).toBe(left);
});

it('sees a command behind a colour that stays', () => {
  expect(cleanForGithub('\x1b[31m::error::no\x1b[0m', color)).toBe('\x1b[31m:\u200b:error::no\x1b[0m');
});

it('makes one line of many, of bounded length', () => {
  expect(oneLine('a\n\n  b\r\nc', 10)).toBe('a b c');
  expect(oneLine('abcdef', 4)).toBe('abc…');
  expect(oneLine('ab😀cd', 4)).toBe('ab…');
  expect(oneLine('x'.repeat(10_000_000), 20)).toHaveLength(20);
});

it('gives the last lines that say something', () => {
  expect(lastLines('a\nb\n\n  \nc\n', 2, 10)).toEqual(['b', 'c']);
  expect(lastLines(`${'x'.repeat(1_000_000)}\nend`, 2, 5)).toEqual(['xxxx…', 'end']);
});

it('takes time linear to the text, whatever the text is', () => {
  for (const piece of ['\x1b[', '\x1b]', '\x1b[1;', '\x9b1', '::', '\x1b ', '\r', '\x1b[31m']) {
    expect(cleanForGithub(piece.repeat(200_000), color)).not.toContain('\x1b[2J');
  }
});
