/** Holds what good files mean: `good/<case>.yml` beside `<case>.json`; `UPDATE_FIXTURES=1` writes them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Workflow } from '../../src/model/workflow.ts';
import { settled } from '../../src/workflow/ignore.ts';
import { readWorkflow } from '../../src/workflow/workflow.ts';
import { worldAt } from './fixtures.ts';

const directory = path.join(import.meta.dirname, 'good');
const files = readdirSync(directory).filter((file) => file.endsWith('.yml'));

/** A workflow with expressions as they are written, and without places. */
function readable(workflow: Workflow): unknown {
  const { source: _, sha256: __, ...rest } = workflow;
  return JSON.parse(
    JSON.stringify(rest, (key, value: unknown) => {
      if (key === 'at' || key === 'needsAt' || key === 'source' || key === 'sha256') return undefined;
      if (typeof value !== 'object' || value === null) return value;
      if ('parts' in value && Array.isArray(value.parts))
        return (value.parts as (string | { text: string })[]).map(written).join('');
      return 'text' in value && 'at' in value ? value.text : value;
    }),
  );
}

function written(part: string | { readonly text: string }): string {
  return typeof part === 'string' ? part : `\${{${part.text}}}`;
}

describe('good files', () => {
  test.each(files)('%s', (file) => {
    const text = readFileSync(path.join(directory, file), 'utf8');
    const { workflow, diagnostics, ignores } = readWorkflow({ path: file, text }, worldAt(directory));
    expect(settled(diagnostics, ignores)).toEqual([]);
    if (workflow === undefined) throw new Error('no workflow');
    const meaning = `${JSON.stringify(readable(workflow), null, 2)}\n`;
    const expected = path.join(directory, file.replace('.yml', '.json'));
    if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(expected, meaning);
    expect(meaning).toBe(readFileSync(expected, 'utf8'));
  });

  test('what is wrong in a prompt file is said at its place there', () => {
    const text =
      'name: case\nsteps:\n  - engine: codex\n    access: read\n    prompt-file: ./prompts/broken.md\n';
    const world = worldAt(directory, {
      readFile: () => ({ ok: true, value: 'Fix it.\nThe input: ${{ inputs.nothing }}\n' }),
    });
    const { diagnostics, sources } = readWorkflow({ path: 'flows/case.yml', text }, world);
    const [first] = diagnostics;
    expect(diagnostics).toHaveLength(1);
    expect(first?.path).toBe('flows/prompts/broken.md');
    expect(sources.get('flows/prompts/broken.md')?.slice(first?.at.start, first?.at.end)).toContain(
      'nothing',
    );
  });

  test('a step that is wrong is still waited for, and nothing is concluded from what it lacks', () => {
    const text =
      'name: case\nsteps:\n  - id: a\n    run: echo\n    outputs: { x: int }\n  - id: b\n    reduce: { from: a, mode: compare }\n  - run: echo "$A"\n    env: { A: "${{ steps.a.outputs.x }}${{ steps.b.output }}" }\n';
    const { workflow, diagnostics } = readWorkflow({ path: 'case.yml', text }, worldAt(directory));
    expect(diagnostics.map((d) => d.code)).toEqual(['bad-value', 'missing-key']);
    expect(workflow?.steps.map((step) => step.needs)).toEqual([[], ['a'], ['b']]);
  });

  test('a step written once and listed twice is two steps', () => {
    const text = 'name: case\nx-a: &a { run: echo }\nsteps: [*a, *a]\n';
    const { workflow, diagnostics } = readWorkflow({ path: 'case.yml', text }, worldAt(directory));
    expect(diagnostics).toEqual([]);
    expect(workflow?.steps.map((step) => [step.id, step.needs])).toEqual([
      ['step-1', []],
      ['step-2', ['step-1']],
    ]);
  });
});
