// Suggests the model that somebody meant, out of what is named here.
import { describe, expect, it } from 'vitest';
import { modelMeant } from '../../src/app/engines/model-names.ts';
import type { Workflow } from '../../src/model/workflow.ts';
import { projectWith } from '../commands/project.ts';

const nothing = { steps: [], finally: [] } as unknown as Workflow;
const price = { input: 1, output: 1 };

describe('a model that nobody knows', () => {
  const project = () =>
    projectWith({ other: 'steps:\n  - { prompt: x, engine: codex, access: read, model: sonnet-9-large }\n' });

  it('is held against what the engine names, then what is named here', () => {
    const place = { root: project().root };
    const config = { engines: {}, defaults: { model: 'default-one' }, prices: { 'gpt-9-mini': price } };
    const meant = (asked: string, said = '') => modelMeant({ config, workflow: nothing, place }, asked, said);
    expect(meant('gpt-9-mni', 'no model gpt-9-mni; there are gpt-9-mono and gpt-8')).toBe(
      'did you mean `gpt-9-mono`, which the engine names?',
    );
    expect(meant('gpt-9-mni', 'the model gpt-9-mni does not exist')).toBe(
      'did you mean `gpt-9-mini`, which `prices` in the configuration names?',
    );
    expect(meant('defalt-one')).toContain('`defaults` in the configuration');
    expect(meant('sonet-9-large')).toBe(
      'did you mean `sonnet-9-large`, which .codemachine/workflows/other.yml names?',
    );
  });

  it('is not guessed at where nothing is near, nor held against itself', () => {
    const place = { root: project().root };
    const config = { engines: {}, defaults: {}, prices: { 'gpt-9-mini': price } };
    const meant = (asked: string, said = '') => modelMeant({ config, workflow: nothing, place }, asked, said);
    expect(meant('something-else', 'something-else is not available to your account')).toBeUndefined();
    expect(meant('gpt-9-mini', 'gpt-9-mini is not available to your account')).toBeUndefined();
  });
});
