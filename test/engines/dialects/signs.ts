// Says, from what was measured of the real engines and not from their readers, what only a success of each shows.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { declaredDialect } from '../../../src/engines/dialects/declared.ts';
import type { AnyDialect } from '../../../src/engines/dialects/dialect.ts';
import { DIALECTS } from '../../../src/engines/dialects/dialects.ts';
import { compilePattern } from '../../../src/engines/patterns.ts';
import type { DeclaredEngine } from '../../../src/model/config.ts';
import type { FailureReason } from '../../../src/model/failure.ts';

/** What is known of how an engine ends. */
export interface Sign {
  /** Whether these lines hold what its successes alone do. It exits with 0 then, too. */
  shown(lines: readonly string[]): boolean;
  /** Whether its last line says that the turn is over, after which it has only to exit. */
  readonly closes: boolean;
  /** What an exit with 0 is called that comes without the sign. */
  readonly unfinished: FailureReason;
  /** Whatever it prints is its answer: nothing can be missing, as long as there is something. */
  readonly anything?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** No event of an engine nests deeper than this. */
const DEEPEST = 256;

function tooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? (Object.values(one) as unknown[]) : [],
    );
  }
  return false;
}

function events(lines: readonly string[]): readonly Fields[] {
  return lines.flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return tooDeep(value) ? [] : [fields(value)];
    } catch {
      return [];
    }
  });
}

const SIGNS: Readonly<Record<string, Sign>> = {
  // `result` comes with `subtype: success` for failures of the API, too; `<synthetic>` is what it says itself.
  'claude-code': {
    shown: (lines) => {
      const all = events(lines);
      const replied = all.some(
        ({ type, message }) => type === 'assistant' && fields(message).model !== '<synthetic>',
      );
      const last = all.filter(({ type }) => type === 'result').at(-1);
      return replied && last?.subtype === 'success' && last.is_error === false;
    },
    closes: true,
    unfinished: 'exit-code',
  },
  codex: {
    shown: (lines) => {
      const all = events(lines);
      const types = all.map(({ type }) => type);
      const answered = all.some(
        ({ type, item }) =>
          type === 'item.completed' && fields(item).type === 'agent_message' && fields(item).text !== '',
      );
      return answered && types.includes('turn.completed') && !types.includes('turn.failed');
    },
    closes: true,
    unfinished: 'exit-code',
  },
  opencode: {
    shown: (lines) => {
      const all = events(lines);
      const last = all.filter(({ type }) => type === 'step_finish').at(-1);
      return fields(last?.part).reason === 'stop' && !all.some(({ type }) => type === 'error');
    },
    closes: false,
    unfinished: 'exit-code',
  },
  gemini: {
    shown: (lines) =>
      events(lines)
        .filter(({ type }) => type === 'result')
        .at(-1)?.status === 'success',
    closes: true,
    unfinished: 'exit-code',
  },
  goose: {
    shown: (lines) => {
      const types = events(lines).map(({ type }) => type);
      return types.includes('complete') && !types.includes('error');
    },
    closes: true,
    unfinished: 'exit-code',
  },
  // It exits with 0 whatever happened; only what a model answered is counted.
  aider: {
    shown: (lines) => lines.some((line) => /Tokens: .*/.test(line)),
    closes: false,
    unfinished: 'exit-code',
  },
};

/** An engine with its kept streams. */
export interface Spoken {
  readonly engine: string;
  readonly dialect: AnyDialect;
  readonly sign: Sign;
  /** What it printed in each kept run, by name. */
  readonly streams: Readonly<Record<string, Buffer>>;
  /** What it printed when all went well. */
  readonly well: Buffer;
}

const STREAMS = path.join(import.meta.dirname, '../streams');

function spoken(engine: string, dialect: AnyDialect, sign: Sign | undefined, directory: string): Spoken {
  if (sign === undefined) throw new Error(`say in ${import.meta.filename} what shows a success of ${engine}`);
  const files = readdirSync(directory).filter((file) => file !== 'ends.json');
  const streams = Object.fromEntries(
    files.map((file) => [path.parse(file).name, readFileSync(path.join(directory, file))]),
  );
  const { text: well } = streams;
  if (well === undefined) throw new Error(`${engine} needs a kept run that is called text`);
  return { engine, dialect, sign, streams, well };
}

/** An engine that a configuration declares, in both forms. */
export const DECLARED: Readonly<Record<'jsonl' | 'text', DeclaredEngine>> = {
  jsonl: {
    output: 'jsonl',
    map: {
      ...{ text: 'result', session: 'session_id', error: 'error.message', model: 'model' },
      ...{ 'input-tokens': 'usage.in', 'output-tokens': 'usage.out', usd: 'cost' },
    },
    access: { read: ['--read-only'], write: ['--edit'] },
    session: { continue: ['--resume', '{session}'] },
    failure: [{ match: 'not signed in', reason: 'auth' }],
  },
  text: {
    access: { read: [] },
    failure: [
      { match: '(?i)rate.?limit', reason: 'rate-limit' },
      { match: '^.*not signed in', reason: 'auth' },
    ],
  },
};

const declaredSigns: Readonly<Record<'jsonl' | 'text', Sign>> = {
  // The last error that is named is none, and something is the result.
  jsonl: {
    shown: (lines) => {
      const all = events(lines);
      const errors = all.map(({ error }) => fields(error)).filter((error) => Object.hasOwn(error, 'message'));
      const failed = Boolean(errors.at(-1)?.message ?? false);
      const answers = all.filter(({ result = null }) =>
        typeof result === 'string' ? result.trim() !== '' : result !== null,
      );
      // An answer may tell of it.
      const beside = lines.filter(
        (line) => !events([line]).some((event) => answers.some((one) => one.result === event.result)),
      );
      return answers.length > 0 && !failed && !/not signed in/.test(beside.join('\n'));
    },
    closes: false,
    unfinished: 'output',
  },
  text: {
    // Whatever it prints before it exits with 0 is its answer.
    shown: (lines) => lines.some((line) => line.trim() !== ''),
    closes: false,
    unfinished: 'output',
    anything: true,
  },
};

function declared(form: 'jsonl' | 'text'): Spoken {
  const of = DECLARED[form];
  const fits = (of.failure ?? []).map(({ match }) => {
    const compiled = compilePattern(match);
    if (!compiled.ok) throw new Error(compiled.error);
    return compiled.value;
  });
  const dialect = declaredDialect('my-agent', { declared: of }, fits);
  return spoken(`declared ${form}`, dialect, declaredSigns[form], path.join(STREAMS, 'declared', form));
}

/** Every engine that there is, and such as a configuration declares. */
export const SPOKEN: readonly Spoken[] = [
  ...DIALECTS.map((dialect) =>
    spoken(dialect.name, dialect, SIGNS[dialect.name], path.join(STREAMS, dialect.name)),
  ),
  declared('jsonl'),
  declared('text'),
];
