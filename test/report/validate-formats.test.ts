/** Holds the formats of diagnostics that other programs read. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../src/model/catalogue/catalogue.ts';
import { type Diagnostic, diagnose } from '../../src/model/diagnostic.ts';
import { annotations } from '../../src/report/annotations.ts';
import { sarifLog } from '../../src/report/sarif.ts';
import { unifiedDiff } from '../../src/report/unified.ts';
import { runs } from '../support/seed.ts';
import { SARIF } from './support/sarif-schema.ts';

const same = (shown: string) => shown;

function unknownKey(file: string, key: string, start = 0): Diagnostic {
  return diagnose('unknown-key', file, { start, end: start + 3 }, { key, owner: 'a step', known: [] });
}

/** A workflow command as the runner of GitHub reads it: `::name key=value,key=value::data`. */
function commandsIn(
  output: string,
): readonly { readonly name: string; readonly properties: Map<string, string>; readonly data: string }[] {
  const open = (text: string) =>
    text
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%25', '%');
  return output.split(/\r\n|\r|\n/).flatMap((line) => {
    const found = /^\s*::([^ :]+)(?: ([^:]*))?::(.*)$/.exec(line);
    if (found === null) return [];
    const pairs = (found[2] ?? '').split(',').map((pair) => {
      const [key = '', ...value] = pair.split('=');
      return [key, open(value.join('='))] as const;
    });
    return [{ name: found[1] ?? '', properties: new Map(pairs), data: open(found[3] ?? '') }];
  });
}

describe('annotations of GitHub', () => {
  test('say the place in a file of the repository', () => {
    const sources = new Map([['w.yml', 'name: x\nstepz: []\n']]);
    const [command] = commandsIn(
      annotations([unknownKey('w.yml', 'stepz', 8)], sources, (shown) => `flows/${shown}`),
    );
    expect(command?.name).toBe('error');
    expect(Object.fromEntries(command?.properties ?? [])).toEqual({
      file: 'flows/w.yml',
      line: '2',
      col: '1',
      endColumn: '4',
      endLine: '2',
      title: 'unknown-key',
    });
    expect(command?.data).toBe('`stepz` is not a key of a step\ntake it out');
  });

  test('of a place that goes over several lines have no columns, which GitHub refuses there', () => {
    const sources = new Map([['w.yml', 'a\nb\n']]);
    const [command] = commandsIn(annotations([unknownKey('w.yml', 'x')], sources, same));
    expect([...(command?.properties.keys() ?? [])]).toEqual(['file', 'line', 'endLine', 'title']);
  });

  test('no text of a file becomes another command', () => {
    const evil = fc.array(
      fc.constantFrom(
        '::',
        'error',
        'set-env name=A',
        '\n',
        '\r',
        '%',
        '%0A',
        ',',
        ':',
        '##[',
        'command]',
        ' ',
        '\u2028',
        '\u001b[2J',
        'stop-commands',
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(evil, evil, (key, file) => {
        const shown = file.join('') || 'w.yml';
        const output = annotations(
          Array.from({ length: 12 }, () => unknownKey(shown, key.join(''))),
          new Map([[shown, 'abcdef']]),
          same,
        );
        const commands = commandsIn(output);
        // The two beyond what GitHub shows are lines of the log.
        expect(output.split(/\r\n|\r|\n/).filter((line) => line !== '')).toHaveLength(12);
        expect(commands.map(({ name }) => name)).toEqual(Array.from({ length: 10 }, () => 'error'));
        for (const { properties } of commands) expect(properties.get('title')).toBe('unknown-key');
        // The older form counts wherever it stands in a line that is no command.
        for (const line of output.split('\n').filter((one) => !one.startsWith('::')))
          expect(line).not.toContain('##[');
      }),
      runs(200),
    );
  });

  test('are ten of a kind, and a message is cut before GitHub does it', () => {
    const many = Array.from({ length: 30 }, (_, i) => unknownKey('w.yml', `key${i}`));
    const warning = { ...unknownKey('w.yml', 'x'.repeat(100_000)), severity: 'warning' as const };
    const output = annotations([...many, warning], new Map([['w.yml', 'abc']]), same);
    expect(output.match(/^::error /gm)).toHaveLength(10);
    expect(output.match(/^w\.yml:1:1: error\[unknown-key\]/gm)).toHaveLength(20);
    const [cut] = commandsIn(output).filter(({ name }) => name === 'warning');
    expect(cut?.data.length).toBeLessThan(65_536);
  });
});

describe('SARIF', () => {
  const text = 'name: "😀" # a\nstepz: 1\n';
  const at = text.indexOf('stepz');
  const odd = 'flows/a b#c%.yml';
  const diagnostics: readonly Diagnostic[] = [
    {
      ...unknownKey(odd, 'stepz', at),
      related: [{ path: odd, at: { start: 0, end: 4 }, message: 'here' }],
      fix: { description: 'write `steps`', edits: [{ at: { start: at, end: at + 5 }, text: 'steps' }] },
    },
    unknownKey('/elsewhere/a.yml', 'x'),
  ];
  const log = sarifLog(diagnostics, new Map([[odd, text]]), {
    version: '1.2.3',
    about: (code) => `about ${code}`,
    pathOf: same,
  }) as {
    runs: readonly {
      tool: { driver: { rules: readonly { id: string }[] } };
      results: readonly Record<string, unknown>[];
    }[];
  };

  test('has the shape of the standard', () => {
    const fits = new Ajv2020({ allErrors: true, strict: false }).compile(SARIF);
    fits(log);
    expect(fits.errors ?? []).toEqual([]);
    fits(sarifLog([], new Map(), { version: '1.2.3', about: () => undefined, pathOf: same }));
    expect(fits.errors ?? []).toEqual([]);
  });

  test('lists every code as a rule, and each result knows its own', () => {
    const [run] = log.runs;
    expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(Object.keys(CATALOGUE).sort());
    for (const { ruleId, ruleIndex } of run?.results ?? [])
      expect(run?.tool.driver.rules[Number(ruleIndex)]?.id).toBe(ruleId);
  });

  test('counts from 1 in UTF-16 units, and writes paths as URIs', () => {
    const emoji = '"😀" #';
    const region = (value: string) => {
      const start = value.indexOf('#');
      const found = sarifLog([unknownKey('a.yml', 'x', start)], new Map([['a.yml', value]]), {
        version: '1',
        about: () => undefined,
        pathOf: same,
      });
      return JSON.stringify(found).match(/"startLine":1,"startColumn":(\d+)/)?.[1];
    };
    expect(region(emoji)).toBe('6');
    const uris = [...JSON.stringify(log).matchAll(/"uri":"([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(uris)).toEqual(new Set(['flows/a%20b%23c%25.yml', 'file:///elsewhere/a.yml']));
  });

  test('carries the fix as replacements of the text as it is', () => {
    expect(log.runs[0]?.results[0]?.['fixes']).toEqual([
      {
        description: { text: 'write `steps`' },
        artifactChanges: [
          {
            artifactLocation: { uri: 'flows/a%20b%23c%25.yml' },
            replacements: [
              {
                deletedRegion: { startLine: 2, startColumn: 1, endLine: 2, endColumn: 6 },
                insertedContent: { text: 'steps' },
              },
            ],
          },
        ],
      },
    ]);
  });
});

describe('a unified diff', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', '', ' d', '+', '-x', '\\'), { maxLength: 40 });
  const text = fc
    .tuple(lines, fc.constantFrom('\n', '\r\n'), fc.boolean())
    .map(([all, eol, end]) => all.join(eol) + (end ? eol : ''));

  test('makes of the old text the new one, as git applies it', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'codemachine-diff-'));
    const file = path.join(directory, 'w.yml');
    try {
      fc.assert(
        fc.property(text, text, (before, after) => {
          const diff = unifiedDiff('w.yml', before, after);
          if (before === after) expect(diff).toBe('');
          // What is empty on one side would be the making, or the end, of a file.
          if (before === after || before === '' || after === '') return;
          writeFileSync(file, before);
          execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
            cwd: directory,
            input: diff,
            stdio: ['pipe', 'pipe', 'pipe'],
          });
          expect(readFileSync(file, 'utf8')).toBe(after);
        }),
        runs(40),
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
