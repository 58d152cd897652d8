/** Holds a run that has ended to what a test expects of it. */
import path from 'node:path';
import type { Json, JsonObject } from '../../model/result.ts';
import type { TestCase } from '../../workflow/test-file.ts';
import { readText } from '../files.ts';
import { bounded, isObject, listOf, type Mismatch, matchText, matchValue, shown } from './match.ts';
import type { Asked } from './stage.ts';
import type { Story, StoryStep } from './story.ts';

/** An expectation that does not hold. */
export interface Unmet extends Mismatch {
  /** The way to it from `expect`. */
  readonly path: readonly (string | number)[];
  /** The step that it is about. */
  readonly step?: string;
}

/** What a run came to. */
export interface Ended {
  readonly status: 'succeeded' | 'failed' | 'canceled' | 'parked' | 'refused' | 'interrupted' | 'lost';
  /** Why it was refused. */
  readonly message?: string;
  readonly story: Story;
  readonly asked: readonly Asked[];
  /** The root of its copy. */
  readonly root: string;
}

/** Everything that does not hold, in the order of the keys. */
export function unmet(test: TestCase, ended: Ended): readonly Unmet[] {
  const { expect } = test;
  return [
    ...statusOf(expect, ended),
    ...stepsOf(expect, ended.story),
    ...orderOf(expect, ended.story),
    ...notRun(expect, ended.story),
    ...promptsOf(expect, ended.asked),
    ...outputsOf(expect, ended.story),
    ...filesOf(expect, ended.root),
    ...costOf(expect, ended.story),
  ];
}

function statusOf(expect: JsonObject, { status, message, story }: Ended): readonly Unmet[] {
  const wanted = expect['status'] ?? (expect['message'] === undefined ? 'succeeded' : undefined);
  const found: Unmet[] = [];
  if (wanted !== undefined && wanted !== status) {
    const why = message === undefined ? '' : `: ${message}`;
    found.push({ path: ['status'], expected: String(wanted), found: `${status}${why}` });
  }
  if (expect['message'] === undefined) return found;
  const said = message === undefined ? story.failures() : [message];
  const tries = said.map((one) => matchText(expect['message'] ?? '', one));
  if (tries.some((one) => one.length === 0)) return found;
  const [first = matchText(expect['message'], undefined)] = tries;
  return [...found, ...under(['message'], first)];
}

function under(way: Unmet['path'], found: readonly Mismatch[], step?: string): readonly Unmet[] {
  return found.map((one) => ({
    ...one,
    path: [...way, ...one.path],
    ...(step === undefined ? {} : { step }),
  }));
}

function stepsOf(expect: JsonObject, story: Story): readonly Unmet[] {
  return Object.entries((expect['steps'] ?? {}) as JsonObject).flatMap(([name, wanted]) => {
    const step = story.find(name);
    const all = isObject(wanted) ? wanted : { status: wanted };
    return Object.entries(all).flatMap(([key, value]) => {
      const way = ['steps', name, ...(isObject(wanted) ? [key] : [])];
      return under(way, ofStep(key, value, name, step, story), step?.key ?? name);
    });
  });
}

function ofStep(
  key: string,
  wanted: Json,
  name: string,
  step: StoryStep | undefined,
  story: Story,
): readonly Mismatch[] {
  if (key === 'status') {
    const found = step?.status ?? 'not-reached';
    const because = step?.because === undefined ? '' : ` (${step.because})`;
    return found === wanted ? [] : [{ path: [], expected: String(wanted), found: `${found}${because}` }];
  }
  if (key === 'executions') return matchValue(wanted, story.executions(name));
  if (key === 'attempts') return matchValue(wanted, step?.attempts ?? 0);
  if (key === 'failure') {
    const { reason, message } = wanted as { reason?: string; message?: Json };
    const found = step?.failure;
    return [
      ...(reason === undefined || reason === found?.reason
        ? []
        : [{ path: ['reason'], expected: reason, found: found?.reason ?? 'no failure' }]),
      ...(message === undefined ? [] : under(['message'], matchText(message, found?.message))),
    ];
  }
  const value = step?.values[key];
  if (key === 'stdout' || key === 'stderr' || key === 'text')
    return matchText(wanted, value === undefined || value === null ? undefined : String(value));
  return matchValue(wanted, value);
}

function orderOf(expect: JsonObject, story: Story): readonly Unmet[] {
  const names = listOf(expect['order']).map(String);
  return names.flatMap((name, i): readonly Unmet[] => {
    const way = { path: ['order', i], step: name };
    const span = story.span(name);
    if (span === undefined)
      return [{ ...way, expected: `${name} runs`, found: story.find(name)?.status ?? 'not-reached' }];
    const before = names[i - 1];
    const earlier = before === undefined ? undefined : story.span(before);
    if (before === undefined || earlier === undefined || earlier.end < span.start) return [];
    const found = `${name} started ${earlier.start < span.start ? `before ${before} had ended` : `before ${before}`}`;
    return [{ ...way, expected: `${name} starts after ${before}`, found }];
  });
}

function notRun(expect: JsonObject, story: Story): readonly Unmet[] {
  const wanted = expect['not-run'];
  return listOf(wanted).flatMap((name, i): readonly Unmet[] => {
    if (story.executions(String(name)) === 0 && story.span(String(name)) === undefined) return [];
    const found = story.find(String(name))?.status ?? 'it ran';
    const path = Array.isArray(wanted) ? ['not-run', i] : ['not-run'];
    return [{ path, step: String(name), expected: `${String(name)} does not run`, found }];
  });
}

function promptsOf(expect: JsonObject, asked: readonly Asked[]): readonly Unmet[] {
  return Object.entries((expect['prompts'] ?? {}) as JsonObject).flatMap(([name, wanted]) => {
    const exact = asked.filter(({ step }) => step === name);
    const own = exact.length > 0 ? exact : asked.filter(({ id }) => id === name);
    const way = ['prompts', name];
    if (!Array.isArray(wanted)) {
      if (own.length === 0)
        return [{ path: way, step: name, expected: `${name} asks`, found: 'it asked nothing' }];
      return own.flatMap(({ prompt, step }) => under(way, matchText(wanted, prompt), step));
    }
    const each = (wanted as readonly Json[]).flatMap((one, i) =>
      under([...way, i], matchText(one, own[i]?.prompt), own[i]?.step ?? name),
    );
    if (own.length <= wanted.length) return each;
    const more = { expected: `${wanted.length} prompts`, found: String(own.length) };
    return [...each, { path: way, step: name, ...more }];
  });
}

function outputsOf(expect: JsonObject, { outputs }: Story): readonly Unmet[] {
  return Object.entries((expect['outputs'] ?? {}) as JsonObject).flatMap(([name, wanted]) =>
    under(['outputs', name], matchValue(wanted, Object.hasOwn(outputs, name) ? outputs[name] : undefined)),
  );
}

function filesOf(expect: JsonObject, root: string): readonly Unmet[] {
  return Object.entries((expect['files'] ?? {}) as JsonObject).flatMap(([name, wanted]) => {
    const read = readText(path.join(root, name), root);
    const way = ['files', name];
    const there = read.ok || read.error !== 'is not there';
    if (wanted === 'absent') return there ? [{ path: way, expected: 'absent', found: 'it is there' }] : [];
    if (!read.ok) {
      const expected = wanted === 'present' ? 'present' : shown(wanted);
      return [{ path: way, expected, found: there ? `it ${read.error}` : 'absent' }];
    }
    return wanted === 'present' ? [] : under(way, matchText(wanted, read.value));
  });
}

function costOf(expect: JsonObject, { usd }: Story): readonly Unmet[] {
  const wanted = expect['cost-usd'];
  if (wanted === undefined) return [];
  const bounds = isObject(wanted) ? wanted : { min: wanted, max: wanted };
  const found = Object.entries(bounds).flatMap(([key, limit]) =>
    bounded(key === 'min' ? 'min' : 'max', Number(limit), usd),
  );
  const unknown = (one: Mismatch): Mismatch => (usd === null ? { ...one, found: 'not known' } : one);
  // A mapping has no text of its own.
  const told = isObject(wanted)
    ? found
    : found.slice(0, 1).map((one) => ({ ...one, path: [], expected: String(wanted) }));
  return under(['cost-usd'], told.map(unknown));
}
