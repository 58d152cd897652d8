/** Names the things a run is made of, so that one kind of name is never taken for another. */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A run: `20261120-141503-k7qd`. Sorts by the time the run was created (UTC), can be typed. */
export type RunId = Branded<'run-id'>;

/** A step as the file names it: its `id`, or the slug of its name, or `step-3`. Unique in a file. */
export type StepId = Branded<'step-id'>;

/** A step as a run counts it: `test`, and with loops, matrices and used workflows `build[2].test`, `fix[coder,1]`, `release.build`. */
export type StepKey = Branded<'step-key'>;

/** The letters of a run id's tail: no vowels, so no words; no 0/o or 1/l. */
const TAIL_LETTERS = 'bcdfghjkmnpqrstvwxz23456789';

const TAIL_LENGTH = 4;

/** How a run id looks. */
export const RUN_ID_PATTERN = /^\d{8}-\d{6}-[bcdfghjkmnpqrstvwxz23456789]{4}$/;

/**
 * Makes a run id.
 * @param at when the run is created, milliseconds since the epoch
 * @param random gives numbers in [0, 1)
 */
export function makeRunId(at: number, random: () => number): RunId {
  const stamp = new Date(at).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  let tail = '';
  for (let i = 0; i < TAIL_LENGTH; i++) tail += TAIL_LETTERS[Math.floor(random() * TAIL_LETTERS.length)];
  return `${stamp}-${tail}` as RunId;
}

/**
 * The one way in which keys are made: `test`, `build[2].test`, `fix[coder,1]`, `build[a][2].test`, `release[a].build`.
 * @param prefix what the keys of the list begin with: nothing, or what `iterationPrefix` or `partPrefix` gave
 * @param instance which instance of a matrix it is, as `instancesOf` names them; nothing elsewhere
 */
export function stepKey(prefix: string, id: StepId, instance = ''): StepKey {
  return `${prefix}${id}${instance}` as StepKey;
}

/** Of a long value the beginning names it. */
const LONGEST_VALUE = 40;

/**
 * Names the instances of a matrix by their values, in its order: `[a,1]`. Letters, digits and `._@+-` stand as they are, everything
 * else becomes a dash, so that a name can be typed and a key has one meaning; alike names get a number.
 */
export function instancesOf(combinations: readonly (readonly string[])[]): readonly string[] {
  const taken = new Set<string>();
  return combinations.map((values) => {
    const words = values.map((value) => {
      const plain = value.replace(/[^\p{L}\p{N}._@+-]+/gu, '-').slice(0, LONGEST_VALUE);
      // Half a letter would be another one for each program that is told the key.
      return plain.replace(/[\ud800-\udbff]$/, '').replace(/^[.-]+|[.-]+$/g, '') || '-';
    });
    const base = words.join(',');
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}~${n}`;
    taken.add(name);
    return `[${name}]`;
  });
}

/** What the keys of an iteration's steps begin with. */
export function iterationPrefix(loop: StepKey, iteration: number): string {
  return `${loop}[${iteration}].`;
}

/** What the keys of a used workflow's steps begin with. */
export function partPrefix(uses: StepKey): string {
  return `${uses}.`;
}

/**
 * The iterations that an execution lies in, outermost first.
 * @param isLoop tells a loop's iteration from the instance of a used workflow, which may be named by a number too
 */
export function iterationsAround(
  key: StepKey,
  isLoop: (key: StepKey) => boolean,
): readonly { readonly loop: StepKey; readonly iteration: number }[] {
  return [...key.matchAll(/\[(\d+)\]\./g)]
    .map((found) => ({ loop: key.slice(0, found.index) as StepKey, iteration: Number(found[1]) }))
    .filter(({ loop }) => isLoop(loop));
}

/** Everything with a dot behind it in a key: the used workflows that the execution lies in are among these, outermost first. */
export function beforeDots(key: StepKey): readonly StepKey[] {
  return [...key.matchAll(/\./g)].map(({ index }) => key.slice(0, index) as StepKey);
}

/** Everything that a key could lie in, outermost first: loops, matrix steps, instances, used workflows, and those on whose behalf it was made. */
export function around(key: StepKey): readonly StepKey[] {
  return [...key.matchAll(/[[.:]/g)].map(({ index }) => key.slice(0, index) as StepKey);
}

/** Whether it was made on behalf of another step's execution: a judge, checks, who resolves a conflict. */
export function isOnBehalf(key: StepKey): boolean {
  return key.includes(':') || key.endsWith(ON_CONFLICT);
}

/** Whether one execution lies in another: in an iteration of a loop, in an instance, in a used workflow, or was made on its behalf. */
export function liesIn(key: StepKey, around: StepKey): boolean {
  if (key.startsWith(`${around}[`) || isPartOf(key, around)) return true;
  return key.startsWith(`${around}.`) && key !== conflictKey(around);
}

/** A key as a shell reads it back: it takes brackets for a pattern. */
export function keyWord(key: StepKey): string {
  return key.includes('[') ? `'${key}'` : key;
}

/** The step of the outermost list that an execution belongs to: itself, the one it lies in, or the one for which it judged, checked or resolved a conflict. */
export function outermost(key: StepKey): StepKey {
  const end = key.search(/[[.:]/);
  return (end === -1 ? key : key.slice(0, end)) as StepKey;
}

/** The ids on the way to an execution, outermost first; for what was done on behalf of another step, the way to that one. */
export function wayTo(key: StepKey): readonly StepId[] {
  const [whole = ''] = key.split(':', 1);
  const own = whole.endsWith(ON_CONFLICT) ? whole.slice(0, -ON_CONFLICT.length) : whole;
  return own.replace(/\[[^\]]*\]/g, '').split('.') as StepId[];
}

/** The key under which the journal has what was done about a step's conflict. */
export function conflictKey(key: StepKey): StepKey {
  return `${key}${ON_CONFLICT}` as StepKey;
}

/** What stands behind the key of a step there. No step has this for its id. */
export const RESOLVER_ID = 'on-conflict';

const ON_CONFLICT = `.${RESOLVER_ID}`;

/** The key under which the journal has what the judge of a reduce did: `pick:judge`. No id holds a colon. */
export function judgeKey(reduce: StepKey): StepKey {
  return `${reduce}:judge` as StepKey;
}

/**
 * The key under which the journal has the checks of one candidate of a reduce: `pick:checks[a]` for `fix[a]`.
 * @param from the matrix step whose instance the candidate is
 */
export function checksKey(reduce: StepKey, candidate: StepKey, from: StepKey): StepKey {
  return `${reduce}:checks${candidate.slice(from.length)}` as StepKey;
}

/** Whether a key is of what was done for another step's execution, with a key of its own: a judge, or checks. */
export function isPartOf(key: StepKey, of: StepKey): boolean {
  return key.startsWith(`${of}:`);
}

/** The reduce for which checks were made; undefined for a key of anything else. */
export function checkedFor(key: StepKey): StepKey | undefined {
  const at = key.indexOf(':checks[');
  return at === -1 ? undefined : (key.slice(0, at) as StepKey);
}

/** The step whose execution a key names; for what was done on behalf of another step, that one. Unique in one file only. */
export function stepOfKey(key: StepKey): StepId {
  const way = wayTo(key);
  return way[way.length - 1] as StepId;
}

/** Takes a text that is known to be a run id. */
export function asRunId(text: string): RunId {
  return text as RunId;
}

/** Takes a text that is known to be a step id. */
export function asStepId(text: string): StepId {
  return text as StepId;
}

/** Takes a text that is known to be a step key. */
export function asStepKey(text: string): StepKey {
  return text as StepKey;
}
