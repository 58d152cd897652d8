/** Holds the promise that a file of any contents is read or refused, and every complaint has a place in it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printDiagnostics } from '../../src/report/squiggle.ts';
import { readConfig } from '../../src/workflow/config.ts';
import { readWorkflow } from '../../src/workflow/workflow.ts';
import { runs } from '../support/seed.ts';
import { casesOf, worldAt } from './fixtures.ts';

const good = path.join(import.meta.dirname, 'good');
const seeds = [
  ...readdirSync(good)
    .filter((file) => file.endsWith('.yml'))
    .map((file) => path.join(good, file)),
  ...casesOf(path.join(import.meta.dirname, 'bad'))
    .filter(({ file }) => file.endsWith('.yml'))
    .map(({ file }) => file),
].map((file) => readFileSync(file, 'utf8'));
const words = [
  ...new Set(seeds.join(' ').split(/[^\w$-]+/)),
  '[',
  ']',
  '{',
  '}',
  ': ',
  '- ',
  '\n',
  '  ',
  '"',
  "'",
  '|',
  '>',
  '&a ',
  '*a',
  '<<: ',
  '${{ ',
  ' }}',
  '~',
  '0',
  'true',
  '.inf',
  '!x ',
  '#',
  '\t',
  '😀',
  '\r\n',
  '---\n',
];

const world = worldAt(good);

function mustBeJudged(text: string): void {
  const { diagnostics, sources } = readWorkflow({ path: 'a.yml', text }, world);
  for (const { at, path: file } of diagnostics) {
    expect(at.start).toBeGreaterThanOrEqual(0);
    expect(at.end).toBeGreaterThanOrEqual(at.start);
    expect(at.end).toBeLessThanOrEqual(sources.get(file)?.length ?? -1);
  }
  printDiagnostics(diagnostics, sources, { color: false });
  readConfig({ path: 'config.yml', text });
}

describe('files of any contents', () => {
  test('mutations of files that mean something', () => {
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(12),
      put: fc.constantFrom(...words),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(edit, { minLength: 1, maxLength: 5 }),
        (seed, edits) => {
          let text = seed;
          for (const { at, cut, put } of edits) {
            const start = Math.floor(at * text.length);
            text = text.slice(0, start) + put + text.slice(start + cut);
          }
          mustBeJudged(text);
        },
      ),
      runs(400),
    );
  });

  test('values of every type at every key', () => {
    const value = fc.oneof(
      fc.constantFrom(
        '[]',
        '{}',
        '~',
        '0',
        '-1',
        '1.5',
        'true',
        '""',
        'x',
        '[x, 1, ~]',
        '{ a: b }',
        '[[x]]',
        '"${{ inputs.a }}"',
        '99999999999999999999',
      ),
    );
    const keys = [...new Set(seeds.join('\n').match(/[a-z][a-z-]+(?=:)/g))];
    const step = fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 6 });
    const flow = (entries: Record<string, string>) =>
      `{ ${Object.entries(entries)
        .map(([key, text]) => `${key}: ${text}`)
        .join(', ')} }`;
    fc.assert(
      fc.property(step, fc.array(step, { maxLength: 3 }), step, (top, steps, agent) => {
        const list = steps.map((each) => `\n  - ${flow(each)}`).join('');
        const lines = Object.entries(top).filter(([key]) => key !== 'steps' && key !== 'agents');
        mustBeJudged(
          `${lines.map(([key, text]) => `${key}: ${text}\n`).join('')}agents:\n  a: ${flow(agent)}\nsteps:${list}\n`,
        );
      }),
      runs(400),
    );
  });
});
