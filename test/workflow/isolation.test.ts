import { describe, expect, test } from 'vitest';
import { NO_CONFIG } from '../../src/model/config.ts';
import { agentSteps } from '../../src/model/parts.ts';
import type { ReadWorld } from '../../src/workflow/reading.ts';
import { readWorkflow } from '../../src/workflow/workflow.ts';
import { worldAt } from './fixtures.ts';

function read(text: string, more: Partial<ReadWorld> = {}) {
  const head = 'name: case\nagents:\n  m: { engine: codex, access: write }\n  quiet: { engine: codex }\n';
  const { workflow, diagnostics } = readWorkflow(
    { path: 'case.yml', text: `${head}${text}` },
    worldAt(import.meta.dirname, more),
  );
  if (workflow === undefined) throw new Error('no workflow');
  return { workflow, codes: diagnostics.map(({ code }) => code), step: workflow.steps[0]?.isolated };
}

const both = (common: string, own: string) =>
  read(`defaults: { workspace: ${common} }\nsteps:\n  - run: npm test\n    workspace: ${own}\n`);

describe('a workspace', () => {
  test.each([
    ['isolated', '{ merge: never }', { merge: 'never' }],
    ['{ mode: isolated, setup: a }', '{ setup: b }', { setup: 'b' }],
    ['{ setup: a, merge: never }', 'isolated', { setup: 'a', merge: 'never' }],
    ['{ merge: never }', '{ mode: isolated, merge: auto }', { merge: 'auto' }],
    ['{ copy: ["*.a"] }', '{ mode: isolated, copy: ["*.b"] }', { copy: ['*.b'] }],
    ['{ copy: ["*.a"] }', '{ mode: isolated, copy: [] }', { copy: [] }],
    ['isolated', 'isolated', { merge: 'auto' }],
    ['isolated', 'shared', undefined],
    ['isolated', '{ mode: shared }', undefined],
    ['{ setup: a }', 'shared', undefined],
  ])('%s under defaults and %s of a step', (common, own, expected) => {
    const { step, codes } = both(common, own);
    expect(codes).toEqual([]);
    expect(step).toEqual(expected && { copy: [], link: [], merge: 'auto', ...expected });
  });

  test('of defaults alone isolates nobody without a mode', () => {
    expect(read('defaults: { workspace: { setup: a } }\nsteps: [{ run: a }]\n').step).toBeUndefined();
    expect(read('defaults: { workspace: isolated }\nsteps: [{ run: a }]\n').step).toBeDefined();
  });

  test('that is not merged leaves the resolver of defaults alone', () => {
    const { step, codes } = both('{ on-conflict: { agent: m } }', '{ mode: isolated, merge: never }');
    expect(codes).toEqual([]);
    expect(step).not.toHaveProperty('onConflict');
    const fails = both('{ on-conflict: { agent: m } }', '{ mode: isolated, on-conflict: fail }');
    expect(fails.codes).toEqual([]);
    expect(fails.step).not.toHaveProperty('onConflict');
  });

  test('is complained about once, however many steps share it', () => {
    const { codes } = read(
      'x-w: &w { mode: isolated, setup: "echo ${{ inputs.a }}", copy: [../a], on-conflict: { agent: quiet } }\nsteps:\n  - { run: a, workspace: *w }\n  - { run: b, workspace: *w }\n',
    );
    expect(codes).toEqual(['data-in-run', 'outside-workspace', 'resolver-only-reads']);
  });

  test('needs git only where a step is isolated', () => {
    const codes = (text: string) => read(text, { hasGit: false }).codes;
    expect(codes('defaults: { workspace: { setup: a } }\nsteps: [{ run: a }]\n')).toEqual([]);
    expect(codes('defaults: { workspace: isolated }\nsteps: [{ run: a, workspace: shared }]\n')).toEqual([]);
    expect(codes('steps: [{ agent: m, prompt: a, workspace: isolated }]\n')).toEqual(['isolation-needs-git']);
    expect(codes('steps: [{ run: a }]\nfinally: [{ run: b, workspace: isolated }]\n')).toEqual([
      'isolation-needs-git',
    ]);
  });
});

describe('who resolves conflicts', () => {
  const text =
    'env: { A: a }\ndefaults: { working-directory: bad, workspace: { on-conflict: { agent: quiet } } }\nsteps:\n  - id: one\n    run: npm test\n    env: { B: b }\n    workspace: isolated\nfinally:\n  - id: last\n    agent: m\n    prompt: Tidy up.\n    workspace: isolated\n';

  test('may write when the configuration says so', () => {
    expect(read(text).codes).toEqual(['resolver-only-reads']);
    const config = { ...NO_CONFIG, defaults: { ...NO_CONFIG.defaults, access: 'write' as const } };
    const { codes, step } = read(text, { config });
    expect(codes).toEqual([]);
    expect(step?.onConflict?.agent).toMatchObject({ access: 'write', engines: ['codex'] });
  });

  test('stands at the root, without the variables of the step', () => {
    const agent = read(text).step?.onConflict?.agent;
    expect(agent).toMatchObject({ id: 'one.on-conflict', agent: 'quiet', needs: [] });
    expect(Object.keys(agent?.env ?? {})).toEqual(['A']);
    expect(agent).not.toHaveProperty('workingDirectory');
    expect(agent).not.toHaveProperty('isolated');
  });

  test('is one of the agents of the workflow', () => {
    expect(agentSteps(read(text).workflow).map(({ id }) => id)).toEqual([
      'one.on-conflict',
      'last',
      'last.on-conflict',
    ]);
  });
});
