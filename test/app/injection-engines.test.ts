// Carries texts that are commands elsewhere through everything that reaches an engine, with the built program: none is obeyed.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dialects, job } from '../engines/dialects/streams.ts';
import { built } from '../support/built.ts';
import { eventsOf } from '../support/cli.ts';
import { of } from '../support/event-check.ts';
import { naughtyStrings, payloads } from '../support/payloads.ts';
import { enoughTried, injectionPlace, pairs, same } from './injection-rig.ts';
import { recordingEngines } from './recording-engine.ts';

// A soak tries twice as many, and a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 });

beforeAll(built);
afterAll(enoughTried);

const fence = (inner: string): string => `\${{ ${inner} }}`;

/** A step that asks an engine once per number of a list. */
const asking = (id: string, engine: string): string => `
  - id: ${id}
    needs: []
    matrix: { n: "${fence(`inputs.${id}`)}" }
    engine: ${engine}
    access: read
    continue-on-error: true
    retry: { attempts: 1 }
    model: "${fence('inputs.models[matrix.n]')}"
    system: "${fence('inputs.systems[matrix.n]')}"
    prompt: "${fence('inputs.prompts[matrix.n]')}"
    env: { N: "${fence('matrix.n')}", V: "${fence('inputs.values[matrix.n]')}" }`;

const NAMES = ['claude', 'codex', 'models', 'systems', 'prompts', 'values'];

const ASK = `
inputs: { ${NAMES.map((name) => `${name}: { type: json, required: true }`).join(', ')} }
steps:${asking('claude', 'claude-code')}${asking('codex', 'codex')}
outputs:
  claude: steps.claude.instances.*.text
  codex: steps.codex.instances.*.text
`;

/** A basic string of TOML 1.0, from which JSON's may not differ. */
function toml(text: string): string {
  expect(text).toMatch(/^"(?:[^"\\\x00-\x1f\x7f]|\\(?:["\\bfnrt]|u(?!d[89a-f])[0-9a-f]{4}))*"$/iu);
  return JSON.parse(text) as string;
}

/** The servers as Codex is told of them; each is in settings of its own, and of one word. */
function servers(args: readonly string[]): object {
  const found: Record<string, Record<string, unknown>> = {};
  for (const word of args) {
    const [, name = '', key = '', value = ''] = /^mcp_servers\.(\w+)\.(\w+)=(.*)$/s.exec(word) ?? [];
    if (name === '') continue;
    const list = value.startsWith('[') ? JSON.parse(value) : undefined;
    const env = value.startsWith('{"V"=') ? { V: toml(value.slice(5, -1)) } : undefined;
    const flag = key === 'required' ? value === 'true' : undefined;
    found[name] = { ...found[name], [key]: list ?? env ?? flag ?? toml(value) };
  }
  return found;
}

/** The system prompt as Codex is given it: a basic string of TOML 1.0, which JSON's may not differ from. */
function instructions(argv: readonly string[]): string | undefined {
  const setting = argv
    .find((word) => word.startsWith('developer_instructions='))
    ?.slice('developer_instructions='.length);
  if (setting === undefined) return undefined;
  return toml(setting);
}

describe('a text reaches an engine as it is', () => {
  it('as prompt, system prompt, model and variable, and comes back as its answer', async () => {
    const place = injectionPlace({ w: ASK });
    const sinks = ['models', 'systems', 'prompts', 'values', 'answers'] as const;
    const texts = Object.fromEntries(sinks.map((sink) => [sink, place.texts(sink, 'few')])) as Record<
      (typeof sinks)[number],
      readonly string[]
    >;
    const engines = recordingEngines(place.project, texts.answers);
    const numbers = texts.prompts.map((_, n) => n);
    // What begins with a dash is refused below.
    const models = texts.models.map((text) => (text.startsWith('-') ? `m${text}` : text));
    const lists = { claude: numbers.filter((n) => n % 2 === 0), codex: numbers.filter((n) => n % 2 === 1) };
    const recording = path.join(place.project.base, 'recording');
    const inputs = place.inputs({ ...texts, answers: undefined, models, ...lists });
    const ran = await place.run(['run', 'w', '--json', '--inputs', inputs, '--record', recording]);
    expect(ran.code, ran.stderr.slice(-3000)).toBe(0);
    const started = numbers.map((n) => engines.started(n));
    same(
      started.map((one) => one?.stdin),
      texts.prompts.map((text) => (text.startsWith('/') ? `\n${text}` : text)),
    );
    same(
      started.map((one) => one?.env['V']),
      texts.values,
    );
    const wanted = (text: string | undefined) => (text === '' ? [] : [text]);
    for (const n of numbers) {
      const one = started[n];
      if (one === undefined) throw new Error(`number ${n} was not asked`);
      const flag = n % 2 === 0 ? '--model' : '-m';
      expect(one.argv.flatMap((word, i) => (word === flag ? [one.argv[i + 1]] : []))).toEqual(
        wanted(models[n]),
      );
      expect(wanted(n % 2 === 0 ? (one.system ?? '') : (instructions(one.argv) ?? ''))).toEqual(
        wanted(texts.systems[n]),
      );
      // What may not be seen on a command line by others: it holds the model and nothing else of the data.
      const rest = one.argv
        .filter((word) => word !== models[n] && !word.startsWith('developer_instructions='))
        .join('\n');
      expect(rest).not.toContain('canary-');
      const spared = [models[n], texts.systems[n]].filter((text) => text === '').length * 2;
      expect(one.argv.length + spared).toBe(started[n % 2]?.argv.length);
    }
    const outputs = of(eventsOf(ran.stdout), 'run-finished')[0]?.outputs as {
      claude: string[];
      codex: string[];
    };
    same(
      outputs.claude,
      lists.claude.map((n) => texts.answers[n] ?? ''),
    );
    same(
      outputs.codex,
      lists.codex.map((n) => texts.answers[n] ?? ''),
    );
    for (const sink of sinks) place.nothingRan(`engine: ${sink}, one attempt each`, numbers.length);

    const again = await place.run(['run', 'w', '--json', '--inputs', inputs, '--replay', recording]);
    expect(again.code, again.stderr.slice(-3000)).toBe(0);
    expect(of(eventsOf(again.stdout), 'run-finished')[0]?.outputs).toEqual(outputs);
    place.nothingRan('recordings, made and replayed, one attempt each', numbers.length);
  });
});

describe('what would be an option, or nothing that was foreseen', () => {
  const DASHES = [
    '-',
    '--help',
    '-c',
    '--dangerously-skip-permissions',
    '-cnotify=["touch","canary-x"]',
    '-\n',
  ];

  it('is refused as the name of a model, before the engine is started', async () => {
    const place = injectionPlace({ w: ASK });
    const engines = recordingEngines(place.project, []);
    const texts = [...DASHES, ...place.texts('dash').filter((text) => text.startsWith('-'))];
    const [models, all] = [texts, texts.map(() => 'x')];
    const lists = { claude: texts.map((_, n) => n), codex: texts.map((_, n) => n) };
    const inputs = place.inputs({ models, systems: all, prompts: all, values: all, ...lists });
    const ran = await place.run(['run', 'w', '--json', '--inputs', inputs]);
    const failed = of(eventsOf(ran.stdout), 'step-failed').filter(({ step }) => step.includes('['));
    expect(failed.map(({ failure }) => failure.reason)).toEqual([...texts, ...texts].map(() => 'config'));
    for (const [n] of texts.entries()) expect(engines.started(n)).toBe(undefined);
    place.nothingRan('model, as an option, one attempt each', texts.length);
  });

  it('opens no session, and is never asked for as one', async () => {
    const place = injectionPlace({
      w: `
inputs: { ids: { type: json, required: true } }
steps:
  - { id: first, engine: claude-code, access: read, prompt: One., env: { N: "0" } }
  - { id: second, engine: claude-code, access: read, session: { continue: first }, prompt: Two., env: { N: "1" } }
`,
    });
    const engines = recordingEngines(place.project, ['one', 'two'], '--dangerously-skip-permissions');
    await place.run(['run', 'w', '--inputs', place.inputs({ ids: [] })]);
    expect(engines.started(1)?.argv ?? []).not.toContain('--dangerously-skip-permissions');
  });
});

describe.each(Object.entries(dialects))('the command line of %s', (engine, dialect) => {
  const place = { cwd: '/w', root: '/w', scratch: '/s', superuser: false };
  const texts = [...new Set([...payloads('/c', 'line'), ...naughtyStrings])];

  it('holds each text once, as one word, and the prompt not at all', () => {
    for (const text of texts) {
      const all = { prompt: text, system: `s${text}`, model: `m${text}` };
      const { args, stdin, files, env } = dialect.command(job(all), place);
      expect(stdin).toBe(text);
      expect(args.filter((word) => word === all.model)).toHaveLength(1);
      const system = engine === 'codex' ? instructions(args) : files['system.md'];
      expect(system).toBe(all.system);
      const plain = dialect.command(job({ prompt: 'p', system: 's', model: 'm' }), place);
      const rest = (words: readonly string[], model: string) =>
        words.filter((word) => word !== model && !word.startsWith('developer_instructions='));
      expect(rest(args, all.model)).toEqual(rest(plain.args, 'm'));
      expect(Object.values(env).join('\n')).not.toContain('canary-');
    }
    for (const sink of ['prompt', 'system', 'model']) pairs[`${engine}: ${sink}`] = texts.length;
  });

  it('holds what a file says of servers and tools as words of their own', () => {
    for (const text of texts.filter((each) => each !== '')) {
      const server = { command: text, args: [text, text], env: { V: text } };
      const mcp = { one: server, two: { url: text } };
      const { args, files } = dialect.command(job({ mcp, tools: { allow: [`Bash(${text})`] } }), place);
      const parsed = engine === 'codex' ? servers(args) : JSON.parse(files['mcp.json'] ?? '').mcpServers;
      expect(parsed).toMatchObject({ one: server, two: { url: text } });
    }
    pairs[`${engine}: mcp`] = texts.length;
  });
});
