/** Carries the Big List of Naughty Strings through every place of a workflow that takes a text: refused, or the same to the byte. */
import naughty from 'big-list-of-naughty-strings' with { type: 'json' };
import { describe, expect, test } from 'vitest';
import { makeMasker } from '../../../src/engines/mask.ts';
import { literalText } from '../../../src/model/expression.ts';
import type { Json, JsonObject } from '../../../src/model/result.ts';
import { canonical } from '../../../src/state/canonical.ts';
import { validateAnswer } from '../../../src/workflow/answer.ts';
import { evaluate, toText } from '../../../src/workflow/evaluate.ts';
import { readInputs } from '../../../src/workflow/inputs.ts';
import { readWorkflow } from '../../../src/workflow/workflow.ts';
import { worldAt } from '../fixtures.ts';

const strings: readonly string[] = naughty;
const world = worldAt(import.meta.dirname);
const at = { start: 0, end: 0 };
const bytes = (text: string) => Buffer.from(text).toString('hex');

/** JSON is YAML, so this is how a program would write a workflow file. */
function fileWith(step: JsonObject, more: JsonObject = {}): string {
  return JSON.stringify({ name: 'case', steps: [step], ...more });
}

function read(text: string) {
  const { workflow, diagnostics } = readWorkflow({ path: 'case.yml', text }, world);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  for (const { at: where, message } of diagnostics) {
    expect(where.start).toBeLessThanOrEqual(where.end);
    expect(where.end).toBeLessThanOrEqual(text.length);
    expect(message).not.toBe('');
  }
  return { workflow, refused: errors.length > 0 };
}

/** How many are carried; every other is refused. */
function carried(carry: (text: string) => string | undefined): number {
  let count = 0;
  for (const text of strings) {
    const arrived = carry(text);
    if (arrived === undefined) continue;
    expect(bytes(arrived), JSON.stringify(text)).toBe(bytes(text));
    count += 1;
  }
  return count;
}

test('the list is whole', () => {
  expect(strings.length).toBe(461);
});

describe('in a file', () => {
  test('as the name of the workflow', () => {
    const count = carried((text) => {
      const { workflow, refused } = read(JSON.stringify({ name: text, steps: [{ run: 'true' }] }));
      return refused ? undefined : workflow?.name;
    });
    expect(count).toBe(460);
  });

  test('as the name of a step, whose id is made of harmless characters', () => {
    const count = carried((text) => {
      const { workflow, refused } = read(fileWith({ name: text, run: 'true' }));
      if (refused) return undefined;
      expect(workflow?.steps[0]?.id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]*$/);
      return workflow?.steps[0]?.name;
    });
    expect(count).toBe(460);
  });

  test('as an id', () => {
    const count = carried((text) => {
      const { workflow, refused } = read(fileWith({ id: text, run: 'true' }));
      return refused ? undefined : workflow?.steps[0]?.id;
    });
    expect(count).toBe(10);
  });

  test('as what another step needs', () => {
    const count = carried((text) => {
      const { refused } = read(fileWith({ needs: [text], run: 'true' }));
      return refused ? undefined : text;
    });
    expect(count).toBe(0);
  });

  test('as a prompt', () => {
    const count = carried((text) => {
      const { workflow, refused } = read(fileWith({ prompt: text, engine: 'codex', access: 'read' }));
      const [step] = workflow?.steps ?? [];
      return refused || step?.kind !== 'prompt' ? undefined : literalText(step.prompt);
    });
    // Three are nothing but blanks, and ask for nothing.
    expect(count).toBe(457);
  });

  test('as a script', () => {
    const count = carried((text) => {
      const { workflow, refused } = read(fileWith({ run: text }));
      const [step] = workflow?.steps ?? [];
      return refused || step?.kind !== 'run' ? undefined : literalText(step.script);
    });
    expect(count).toBe(460);
  });

  test('as the value of a variable', () => {
    const count = carried((text) => {
      const { workflow, refused } = read(fileWith({ run: 'true', env: { WORD: text } }));
      const value = workflow?.steps[0]?.env['WORD'];
      return refused || value === undefined ? undefined : literalText(value);
    });
    expect(count).toBe(461);
  });

  test('as names of inputs and their defaults', () => {
    const names = carried((text) => {
      const inputs = JSON.parse(`{${JSON.stringify(text)}:{"type":"string"}}`) as JsonObject;
      const { workflow, refused } = read(fileWith({ run: 'true' }, { inputs }));
      return refused ? undefined : Object.keys(workflow?.inputs ?? {})[0];
    });
    const defaults = carried((text) => {
      const { workflow, refused } = read(
        fileWith({ run: 'true' }, { inputs: { word: { type: 'string', default: text } } }),
      );
      const value = workflow?.inputs['word']?.default;
      return refused || typeof value !== 'string' ? undefined : value;
    });
    expect([names, defaults]).toEqual([28, 461]);
  });

  test('as YAML that nobody quoted', () => {
    for (const text of strings) {
      read(`name: case\nsteps:\n  - run: ${text}\n`);
      read(`name: case\nsteps:\n  - run: |\n      ${text}\n`);
      read(text);
    }
  });
});

describe('in a run', () => {
  test('as an input', () => {
    const specs = { word: { type: 'string', required: true, at } } as const;
    const count = carried((text) => {
      const given = readInputs(specs, { word: text });
      return given.ok ? (given.value['word'] as string) : undefined;
    });
    expect(count).toBe(461);
  });

  test('as an input of another type: refused, or read as JSON reads it', () => {
    for (const type of ['number', 'boolean', 'json'] as const) {
      for (const text of strings) {
        const given = readInputs({ word: { type, required: true, at } }, { word: text });
        if (given.ok && type !== 'json') expect(typeof given.value['word']).toBe(type);
        if (given.ok && type === 'json') expect(given.value['word']).toEqual(JSON.parse(text));
      }
    }
  });

  test('through expressions, alone and within a text', () => {
    for (const expression of [
      'inputs.word',
      "format('{0}', inputs.word)",
      'fromJSON(toJSON(inputs.word))',
      'inputs.by[inputs.word]',
      "join(inputs.list, '')",
    ]) {
      const count = carried((text) => {
        const by = JSON.parse(`{${JSON.stringify(text)}:${JSON.stringify(text)}}`) as Json;
        const inputs: JsonObject = { word: text, by, list: [text] };
        const result = evaluate({ text: expression, at }, { contexts: { inputs }, functions: {} });
        return result.ok ? toText(result.value) : undefined;
      });
      expect(count, expression).toBe(461);
    }
  });

  test('as an expression: a value or one sentence', () => {
    for (const text of strings) {
      const result = evaluate({ text, at }, { contexts: {}, functions: {} });
      if (!result.ok) expect(result.error).not.toMatch(/\n/);
    }
  });

  test('through what is stored, as a value and as a name', () => {
    const count = carried((text) => {
      const stored = JSON.parse(canonical({ value: text, [`x${text}`]: [text] })) as Record<string, Json>;
      expect(stored[`x${text}`]).toEqual([text]);
      return stored['value'] as string;
    });
    expect(count).toBe(461);
  });

  test('through the check of an answer', () => {
    const schema = { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] };
    for (const text of strings) {
      expect(validateAnswer(schema, { word: text })).toEqual([]);
    }
    const known = { enum: strings };
    for (const text of strings) {
      expect(validateAnswer(known, text)).toEqual([]);
      expect(validateAnswer(known, `${text}\u0001`)).toHaveLength(1);
    }
  });

  test('through a masker of something else', () => {
    const masker = makeMasker(['hunter2-hunter2']);
    expect(carried((text) => masker.text(text))).toBe(461);
    expect(carried((text) => masker.json({ [text]: [text] })[text]?.[0])).toBe(461);
  });

  test('as a secret: no longer there, and the text around it is', () => {
    let masked = 0;
    for (const secret of strings) {
      const text = makeMasker([secret]).text(`<<${secret}>>`);
      if (secret.trim().length < 6) continue;
      expect(text.includes(secret), JSON.stringify(secret)).toBe(false);
      expect(text.startsWith('<<') && text.endsWith('>>'), JSON.stringify(secret)).toBe(true);
      masked += 1;
    }
    expect(masked).toBe(368);
  });
});
