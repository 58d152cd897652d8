// Hands on the variables that the user's configuration names, and says which were kept back.
import { expect, it } from 'vitest';
import { configuredKeys } from '../../../src/app/engines/engine-keys.ts';
import { codex } from '../../../src/engines/dialects/codex.ts';
import { DIALECTS } from '../../../src/engines/dialects/dialects.ts';
import { lookForSignIn } from '../../../src/engines/look-at-engine.ts';
import type { Workflow } from '../../../src/model/workflow.ts';
import { mergeConfig, readConfig } from '../../../src/workflow/config.ts';
import { standIn } from '../dialects/stand-in.ts';
import { job } from '../dialects/streams.ts';

const COMPLAINS = `echo 'ERROR: Missing environment variable: \`LOCAL_API_KEY\`.' >&2; env > "$0/env"; exit 1`;
const environ = { PATH: process.env.PATH, LOCAL_API_KEY: 'fake-key-4711', OTHER_API_KEY: 'fake-key-4712' };

it('tells that a variable of which the engine complains is set and was kept back', async () => {
  const rig = standIn();
  try {
    const command = ['/bin/sh', '-c', COMPLAINS, rig.root];
    const kept = await rig.attempt(codex, COMPLAINS, { deps: { environ } });
    expect(rig.kept('env')).not.toContain('4711');
    const help = expect.stringMatching(
      /^`LOCAL_API_KEY` is set here and not handed on: .*codex: \{ pass: \[LOCAL_API_KEY\] \}/,
    );
    expect(kept.outcome).toMatchObject({ ok: false, failure: { reason: 'auth', help } });
    const unset = await rig.attempt(codex, COMPLAINS, { deps: { environ: { PATH: process.env.PATH } } });
    expect(unset.outcome).toMatchObject({
      failure: { reason: 'auth', help: expect.stringContaining('codex login') },
    });
    await rig.attempt(codex, COMPLAINS, { deps: { environ, config: { command, pass: ['LOCAL_API_KEY'] } } });
    expect(rig.kept('env')).toContain('LOCAL_API_KEY=fake-key-4711');
    expect(rig.kept('env')).not.toContain('4712');
  } finally {
    rig.leave();
  }
});

it('keeps what passes to Codex from the commands that it runs', () => {
  const place = { cwd: '/w', root: '/w', scratch: '/s', superuser: false, passed: ['LOCAL_API_KEY'] };
  const words = codex
    .command(job(), place)
    .args.filter((word) => word.startsWith('shell_environment_policy'));
  expect(words).toEqual([expect.stringContaining('"LOCAL_API_KEY"]')]);
});

it('is for the configuration of the user alone', () => {
  const source = { path: 'config.yml', text: 'engines: { codex: { pass: [LOCAL_API_KEY] } }\n' };
  expect(readConfig(source).diagnostics).toEqual([]);
  const { diagnostics } = readConfig(source, 'config', { below: {}, ofRepository: true });
  expect(diagnostics).toMatchObject([{ code: 'engine-declaration', severity: 'error' }]);
  const { config } = readConfig(source);
  expect(mergeConfig({ engines: {}, defaults: {} }, config).engines).toEqual({
    codex: { pass: ['LOCAL_API_KEY'] },
  });
});

it('has its values masked', () => {
  const workflow = { steps: [{ ...job(), id: 'a', engines: ['codex'] }], finally: [] } as unknown as Workflow;
  const config = { engines: { codex: { pass: ['LOCAL_API_KEY'] } }, defaults: {} };
  expect(configuredKeys({ workflow, config, env: environ })).toEqual(['fake-key-4711']);
});

it('is what doctor advises where the configuration of Codex names a key that does not pass', async () => {
  const rig = standIn();
  try {
    const toml =
      'model_provider = "local"\n[model_providers.other]\nenv_key = "OTHER_API_KEY"\n[model_providers.local]\nenv_key = "LOCAL_API_KEY"\n[features]\n';
    rig.keep('config.toml', toml);
    const look = (more: object, pass: string[] = []) =>
      lookForSignIn(codex, {
        config: pass.length === 0 ? {} : { pass },
        environ: { PATH: process.env.PATH, CODEX_HOME: rig.root, ...more },
        root: rig.root,
        mark: 'm',
        timeoutMs: 1000,
        clock: { after: () => () => {} },
        platform: 'linux',
      });
    expect(await look(environ)).toMatchObject({
      state: 'no',
      help: expect.stringContaining('not handed on'),
    });
    expect(await look({})).toMatchObject({
      state: 'no',
      help: expect.stringContaining('set `LOCAL_API_KEY`'),
    });
    expect(await look(environ, ['LOCAL_API_KEY'])).toMatchObject({ state: 'yes' });
  } finally {
    rig.leave();
  }
});

it('asks no other engine for a variable that its files name', () => {
  const env = { HOME: '/h' };
  const asking = DIALECTS.filter(({ signIn }) => signIn.files(env).some(({ wants }) => wants !== undefined));
  expect(asking.map(({ name }) => name)).toEqual(['codex']);
});
