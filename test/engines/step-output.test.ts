// The file of outputs: GitHub's two forms, declared types, and everything that a step can put there instead of a file.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseOutputs, readOutputs } from '../../src/engines/step-output.ts';
import type { OutputType } from '../../src/model/workflow.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'outputs-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function parsed(text: string): unknown {
  const result = parseOutputs(text);
  return result.ok ? Object.fromEntries(result.value) : result.error;
}

function read(text: string, types: Readonly<Record<string, OutputType>>): unknown {
  const file = path.join(directory, 'file');
  writeFileSync(file, text);
  const result = readOutputs(file, types);
  return result.ok ? result.value.outputs : result.error;
}

describe('the lines of the file', () => {
  it.each([
    ['a=1\nb=2\n', { a: '1', b: '2' }],
    ['a=x=y<<z', { a: 'x=y<<z' }],
    ['a= spaces stay ', { a: ' spaces stay ' }],
    ['\uFEFFa=1\r\n\r\nb=2\r\n', { a: '1', b: '2' }],
    ['a<<END\r\none\r\ntwo\r\nEND\r\n', { a: 'one\ntwo' }],
    ['a<<END\none\r\n\rtwo\r\nEND\n', { a: 'one\r\n\rtwo\r' }],
    ['a<<EOF\n1\n\nb=2\nEOF\nc=3', { a: '1\n\nb=2', c: '3' }],
    ['a<<EOF\nEOF\n', { a: '' }],
    ['a<<x=y\n1\nx=y\n', { a: '1' }],
    ['a=1\na=2\n', { a: '2' }],
    ['', {}],
  ])('%j', (text, expected) => {
    expect(parsed(text)).toEqual(expected);
  });

  it.each([
    ['fine=1\nnonsense\n', 'line 2 of $CODEMACHINE_OUTPUT is neither name=value nor name<<END: "nonsense"'],
    ['a<<EOF\n1\n', 'line 1 of $CODEMACHINE_OUTPUT opens "a<<EOF", and no later line is exactly "EOF"'],
    ['a<<\n1\n\n', 'line 1 of $CODEMACHINE_OUTPUT opens "a<<", and no later line is exactly ""'],
    ['1a=x', 'line 1 of $CODEMACHINE_OUTPUT does not begin with a name (letters, digits, _ and -): "1a=x"'],
  ])('%j is refused by line', (text, message) => {
    expect(parsed(text)).toBe(message);
  });
});

describe('declared types', () => {
  it.each([
    ['number', '-1.5e3', -1500],
    ['number', ' 12 ', 12],
    ['boolean', 'true', true],
    ['json', '{"a":[1,null]}', { a: [1, null] }],
    ['string', '12', '12'],
  ] as const)('%s takes %j', (type, text, value) => {
    expect(read(`x=${text}`, { x: type })).toEqual({ x: value });
  });

  it.each([
    ['number', ''],
    ['number', '0x10'],
    ['number', '1e999'],
    ['number', 'Infinity'],
    ['boolean', 'yes'],
    ['json', '{a:1}'],
  ] as const)('%s refuses %j', (type, text) => {
    expect(read(`x=${text}`, { x: type })).toMatch(
      `output "x" is declared as ${type}, and the step wrote ${JSON.stringify(text)}`,
    );
  });

  it('are not confused by the names of objects', () => {
    expect(read('constructor=1\n__proto__=2', {})).toEqual(JSON.parse('{"constructor":"1","__proto__":"2"}'));
  });
});

describe('a file that is none', () => {
  it('is empty when it was never written', () => {
    expect(readOutputs(path.join(directory, 'none'), {})).toEqual({
      ok: true,
      value: { outputs: {}, undeclared: [] },
    });
  });

  it('is not followed through a link', () => {
    const file = path.join(directory, 'link');
    symlinkSync('/etc/passwd', file);
    expect(readOutputs(file, {})).toMatchObject({
      ok: false,
      error: expect.stringContaining('cannot be read'),
    });
  });

  it('does not hold us up as a pipe', () => {
    const file = path.join(directory, 'pipe');
    execFileSync('mkfifo', [file]);
    expect(readOutputs(file, {})).toMatchObject({
      ok: false,
      error: expect.stringContaining('no longer a plain file'),
    });
  });

  it('is refused above 1 MiB', () => {
    expect(read(`x=${'y'.repeat(1024 * 1024)}`, {})).toMatch('more than 1 MiB');
  });
});

describe('a value that nests without end', () => {
  it('is refused, because nobody could write it down again', () => {
    const text = `x=${'['.repeat(100_000)}${']'.repeat(100_000)}\n`;
    expect(read(text, { x: 'json' })).toContain('nests less deeply');
    const fine = `${'['.repeat(100)}${']'.repeat(100)}`;
    expect(read(`x=${fine}\n`, { x: 'json' })).toEqual({ x: JSON.parse(fine) });
    expect(read(`x="${'['.repeat(1_000)}"\n`, { x: 'json' })).toEqual({ x: '['.repeat(1_000) });
  });
});
