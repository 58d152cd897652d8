/** Holds the reading of configuration files and env files. */
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { err, ok } from '../../src/model/result.ts';
import { mergeConfig, readConfig } from '../../src/workflow/config.ts';
import { loadEnvFiles } from '../../src/workflow/dotenv.ts';
import { readWorkflow } from '../../src/workflow/workflow.ts';
import { worldAt } from './fixtures.ts';

const at = { start: 0, end: 0 };
const read = (text: string) => readConfig({ path: 'config.yml', text });

describe('config', () => {
  test('says how engines are reached and what holds by default', () => {
    const { config, diagnostics } = read(
      'engines:\n  claude-code: { command: /opt/claude, max-parallel: 2, env: { ANTHROPIC_BASE_URL: "http://127.0.0.1:1", N: 1.10 } }\n  codex: { command: [node, codex.js] }\ndefaults: { engine: [codex, claude-code], timeout: 1h30m, access: read, model: small, shell: sh, working-directory: app, retry: { attempts: 2 } }\n',
    );
    expect(diagnostics).toEqual([]);
    expect(config).toEqual({
      engines: {
        'claude-code': {
          command: ['/opt/claude'],
          commandFrom: 'config.yml',
          maxParallel: 2,
          env: { ANTHROPIC_BASE_URL: 'http://127.0.0.1:1', N: '1.10' },
        },
        codex: { command: ['node', 'codex.js'], commandFrom: 'config.yml' },
      },
      defaults: {
        engine: ['codex', 'claude-code'],
        timeoutMs: 5_400_000,
        access: 'read',
        model: 'small',
        shell: 'sh',
        workingDirectory: 'app',
        retry: { attempts: 2, delayMs: 10_000, backoff: 'exponential', maxDelayMs: 300_000, on: [] },
      },
    });
  });

  test.each(['', '# nothing\n', '---\n'])('an empty file is an empty configuration', (text) => {
    expect(read(text)).toEqual({ config: { engines: {}, defaults: {} }, diagnostics: [] });
  });

  test("the user's wins, key by key", () => {
    const repository = read(
      'engines: { codex: { command: a, env: { A: "1", B: "1" } } }\ndefaults: { engine: codex, shell: sh }\n',
    ).config;
    const user = read(
      'engines: { codex: { max-parallel: 3, env: { B: "2" } } }\ndefaults: { engine: claude-code }\n',
    ).config;
    expect(mergeConfig(repository, user)).toEqual({
      engines: {
        codex: { command: ['a'], commandFrom: 'config.yml', maxParallel: 3, env: { A: '1', B: '2' } },
      },
      defaults: { engine: ['claude-code'], shell: 'sh' },
    });
  });

  test('says how long runs are kept, each limit by itself', () => {
    const repository = read('retention: { days: 7, runs: 0 }\n');
    expect(repository).toEqual({
      config: { engines: {}, defaults: {}, retention: { days: 7, runs: 0 } },
      diagnostics: [],
    });
    expect(mergeConfig(repository.config, read('retention: { days: 90 }\n').config).retention).toEqual({
      days: 90,
      runs: 0,
    });
  });

  test('its defaults hold where a workflow says nothing, and rank below it', () => {
    const { config } = read(
      'defaults: { engine: codex, access: write, timeout: 5m, model: small, retry: { attempts: 2 }, shell: sh }\n',
    );
    const text =
      'name: case\ndefaults: { model: large }\nsteps:\n  - prompt: hello\n  - run: echo\n    timeout: 1m\n';
    const { workflow, diagnostics } = readWorkflow({ path: 'case.yml', text }, worldAt('.', { config }));
    expect(diagnostics).toEqual([]);
    expect(workflow?.steps).toMatchObject([
      {
        engines: ['codex'],
        access: 'write',
        accessSaid: true,
        timeoutMs: 300_000,
        model: { parts: ['large'] },
        retry: { attempts: 2, on: ['transient'] },
      },
      { timeoutMs: 60_000, shell: 'sh', retry: { attempts: 2, on: ['exit-code', 'signal', 'timeout'] } },
    ]);
  });
});

describe('env files', () => {
  const files = (...paths: string[]) =>
    paths.map((path) => ({ path: path.replace('?', ''), optional: path.endsWith('?'), at }));

  test('a later file wins over an earlier one', () => {
    const texts: Record<string, string> = { '.env': 'A=1\nB="x y"\n', '.env.local': 'A=2\n' };
    const world = {
      parseEnv,
      readWorkspaceFile: (path: string) => (texts[path] === undefined ? undefined : ok(texts[path])),
    };
    expect(loadEnvFiles(files('.env', '.env.local', 'missing?'), world)).toEqual({
      ok: true,
      value: { A: '2', B: 'x y' },
    });
  });

  test('a line that sets nothing is named, and what is fine is not', () => {
    const text = [
      '# a comment',
      'A=1',
      '',
      'BAD LINE',
      '  export B = "two',
      'lines"',
      "C='x' # why",
      'D="never closed',
      'E=',
      '=5',
      'k.e-y=1\r',
      'two words=1',
    ].join('\n');
    const world = { parseEnv, readWorkspaceFile: () => ok(text) };
    const line = (number: number): string =>
      `line ${number} of the env file \`.env\` is not \`NAME=value\`: write it so, or begin it with \`#\``;
    expect(loadEnvFiles(files('.env'), world)).toEqual({ ok: false, error: [line(4), line(10), line(12)] });
  });

  test('every file that cannot be read is named', () => {
    const world = {
      parseEnv,
      readWorkspaceFile: (path: string) =>
        path === 'secret?' ? err('x') : path === 'locked' ? err('may not be read') : undefined,
    };
    const read = loadEnvFiles(files('missing', 'locked'), world);
    expect(read).toEqual({
      ok: false,
      error: [
        'the env file `missing` is not there: make it, or write `missing?` if it may be missing',
        'the env file `locked` may not be read',
      ],
    });
  });
});
