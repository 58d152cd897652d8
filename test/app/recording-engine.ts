// A stand-in for both engines that keeps what it was started with, and answers what the test has laid down for a number.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Project } from '../support/repository.ts';

/** What an engine was started with. */
export interface Started {
  readonly argv: readonly string[];
  readonly stdin: Buffer;
  readonly env: Readonly<Record<string, string>>;
  /** The file with the system prompt, where the engine was told of one. */
  readonly system?: string;
}

/** The engines of a project, as a test looks at them. */
export interface RecordingEngines {
  /** What the attempt whose variable `N` was this was started with. */
  started(n: number | string): Started | undefined;
}

const SCRIPT = `engine=$1; shift
case "\${1-}" in --version) [ $engine = codex ] && echo codex-cli 0.169.0 || echo 2.1.328; exit;; esac
keep=$HOME/kept/$N
printf '%s\\0' "$@" > "$keep.argv"
cat > "$keep.stdin"
env -0 > "$keep.env"
last=
for word; do
  [ "$last" = --append-system-prompt-file ] && cat "$word" > "$keep.system"
  last=$word
done
cat "$HOME/answers/$engine.$N"
`;

const SESSION = '00000000-0000-4000-8000-000000000001';
const USAGE = {
  input_tokens: 10,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 2,
};

/** What each engine prints that says this text; a session is what it calls its session. */
const ANSWERS = {
  'claude-code': (text: string, session_id: string) => [
    { type: 'system', subtype: 'init', session_id, model: 'stand-in' },
    {
      type: 'assistant',
      message: { id: 'r', model: 'stand-in', content: [{ type: 'text', text }], usage: USAGE },
      session_id,
    },
    {
      type: 'result',
      subtype: 'success',
      is_error: false,
      num_turns: 1,
      result: text,
      usage: USAGE,
      session_id,
      total_cost_usd: 0.01,
      permission_denials: [],
      terminal_reason: 'completed',
    },
  ],
  codex: (text: string, thread_id: string) => [
    { type: 'thread.started', thread_id },
    { type: 'turn.started' },
    { type: 'item.completed', item: { id: 'item_0', type: 'agent_message', text } },
    { type: 'turn.completed', usage: { input_tokens: 10, cached_input_tokens: 0, output_tokens: 2 } },
  ],
};

/** Puts the stand-in in the place of both engines; `texts` by number are what they answer. */
export function recordingEngines(
  project: Project,
  texts: readonly string[] | Readonly<Record<string, string>>,
  session: string = SESSION,
): RecordingEngines {
  const engine = path.join(project.base, 'engine.sh');
  writeFileSync(engine, SCRIPT);
  const kept = path.join(project.home, 'kept');
  const answers = path.join(project.home, 'answers');
  for (const directory of [kept, answers]) mkdirSync(directory);
  for (const [name, lines] of Object.entries(ANSWERS))
    for (const [n, text] of Object.entries(texts))
      writeFileSync(
        path.join(answers, `${name}.${n}`),
        lines(text, session)
          .map((line) => `${JSON.stringify(line)}\n`)
          .join(''),
      );
  const engines = Object.keys(ANSWERS).map((name) => [name, { command: ['bash', engine, name] }]);
  project.write('.codemachine/config.yml', stringify({ engines: Object.fromEntries(engines) }));
  const read = (n: number | string, what: string): Buffer | undefined => {
    try {
      return readFileSync(path.join(kept, `${n}.${what}`));
    } catch {
      return undefined;
    }
  };
  return {
    started(n) {
      const argv = read(n, 'argv');
      if (argv === undefined) return undefined;
      const variables = words(read(n, 'env')).map((pair): [string, string] => [
        pair.slice(0, pair.indexOf('=')),
        pair.slice(pair.indexOf('=') + 1),
      ]);
      const system = read(n, 'system')?.toString();
      return {
        argv: words(argv),
        stdin: read(n, 'stdin') ?? Buffer.alloc(0),
        env: Object.fromEntries(variables),
        ...(system === undefined ? {} : { system }),
      };
    },
  };
}

const words = (bytes: Buffer | undefined): string[] => bytes?.toString().split('\0').slice(0, -1) ?? [];
