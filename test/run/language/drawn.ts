// Draws workflows that use the structure of the language: order, conditions, loops, matrices, gates, retries, `finally`.
import fc from 'fast-check';

/** A condition, as both the file and the reference interpreter read it. */
export type Cond =
  | { readonly op: 'always' | 'success' | 'failure' | 'true' | 'false' }
  | { readonly op: 'not'; readonly of: Cond }
  | { readonly op: 'and' | 'or'; readonly of: readonly [Cond, Cond] }
  | { readonly op: 'status'; readonly of: string; readonly is: string }
  | { readonly op: 'exit' | 'previous-exit'; readonly of: string; readonly is: number }
  | { readonly op: 'index'; readonly below: number };

/** A step, with every reference one that may be made. */
export interface Made {
  readonly id: string;
  readonly kind: 'run' | 'loop' | 'gate';
  /** Absent where the file says nothing: it runs after the one above. */
  readonly needs?: readonly string[];
  readonly if?: Cond;
  readonly continueOnError: boolean;
  readonly matrix?: {
    readonly values: readonly string[];
    readonly maxParallel?: number;
    readonly failFast: boolean;
  };
  /** Of a `run` step: how many of seven keys fail. */
  readonly failing: number;
  readonly attempts: number;
  readonly loop?: {
    readonly max: number;
    readonly until?: Cond;
    readonly while?: Cond;
    readonly onExhausted: 'fail' | 'continue';
    readonly steps: readonly Made[];
  };
  readonly gate?: { readonly require?: Cond; readonly approveIf?: Cond; readonly asks: boolean };
}

/** A workflow. */
export interface MadeWorkflow {
  readonly steps: readonly Made[];
  readonly finally: readonly Made[];
}

interface Raw {
  readonly kind: number;
  readonly needs: readonly number[] | null;
  readonly conds: readonly number[];
  readonly coe: boolean;
  readonly numbers: readonly number[];
  readonly body: readonly Raw[];
}

const MOST = 1_000_000;

const { list } = fc.letrec<{ list: readonly Raw[]; step: Raw }>((tie) => ({
  step: fc.record({
    kind: fc.nat(9),
    needs: fc.option(fc.array(fc.nat(20), { maxLength: 2 }), { nil: null }),
    conds: fc.array(fc.nat(MOST), { minLength: 12, maxLength: 12 }),
    coe: fc.boolean(),
    numbers: fc.array(fc.nat(MOST), { minLength: 8, maxLength: 8 }),
    body: fc.oneof({ depthSize: 'small' }, fc.constant([]), tie('list')),
  }),
  list: fc.array(tie('step'), { minLength: 1, maxLength: 5, depthIdentifier: 'list' }),
}));

/** Workflows without mistakes. */
export const workflows: fc.Arbitrary<MadeWorkflow> = fc
  .record({ steps: list, last: fc.array(fc.nat(MOST), { maxLength: 8 }) })
  .map(({ steps, last }) => {
    const names = namer();
    const made = makeList(steps, { ids: [], exits: [], previous: [], loop: false }, names, 0);
    const all: Refs = { ...refsOf(made), previous: [], loop: false };
    const end = last.slice(0, Math.floor(last.length / 3)).map((n, i): Made => {
      const condition = makeCond([n, ...last.slice(i)], all, 'if');
      return {
        ...{ id: names(), kind: 'run', continueOnError: n % 2 === 0, failing: n % 5, attempts: 1 },
        ...(n % 3 === 0 ? {} : { if: condition }),
      };
    });
    return { steps: made, finally: end };
  });

function namer(): () => string {
  let count = 0;
  return () => `s${count++}`;
}

/** What may be referred to. */
interface Refs {
  readonly ids: readonly string[];
  readonly exits: readonly string[];
  /** Run steps of the iteration before. */
  readonly previous: readonly string[];
  readonly loop: boolean;
}

const DEEPEST = 3;

function makeList(raw: readonly Raw[], outer: Refs, names: () => string, depth: number): Made[] {
  const made: Made[] = [];
  const ancestors = new Map<string, ReadonlySet<string>>();
  for (const [index, one] of raw.entries()) {
    const id = names();
    const before = index === 0 ? [] : [`${made[index - 1]?.id}`];
    const needs =
      one.needs === null
        ? undefined
        : [...new Set(one.needs.flatMap((n) => (index === 0 ? [] : [`${made[n % index]?.id}`])))];
    const above = new Set((needs ?? before).flatMap((need) => [need, ...(ancestors.get(need) ?? [])]));
    ancestors.set(id, above);
    const seen = refsOf(made.filter((step) => above.has(step.id)));
    const refs: Refs = {
      ids: [...outer.ids, ...seen.ids],
      exits: [...outer.exits, ...seen.exits],
      previous: outer.previous,
      loop: outer.loop,
    };
    made.push(makeStep(one, { id, needs, refs }, names, depth));
  }
  return made;
}

/** What others may read of steps that have ended. */
function refsOf(steps: readonly Made[]): Pick<Refs, 'ids' | 'exits'> {
  const inner = steps.map(({ loop, matrix }) =>
    loop === undefined || matrix !== undefined ? { ids: [], exits: [] } : refsOf(loop.steps),
  );
  const plain = steps.filter(({ kind, matrix }) => kind === 'run' && matrix === undefined);
  return {
    ids: [...steps.map(({ id }) => id), ...inner.flatMap(({ ids }) => ids)],
    exits: [...plain.map(({ id }) => id), ...inner.flatMap(({ exits }) => exits)],
  };
}

interface Here {
  readonly id: string;
  readonly needs: readonly string[] | undefined;
  readonly refs: Refs;
}

function makeStep(raw: Raw, { id, needs, refs }: Here, names: () => string, depth: number): Made {
  const { conds, numbers } = raw;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers;
  const isLoop = raw.kind >= 7 && depth < DEEPEST && raw.body.length > 0;
  const isGate = !isLoop && raw.kind === 6;
  const failFast = c % 4 === 0;
  const common = {
    id,
    ...(needs === undefined ? {} : { needs }),
    ...(a % 3 === 0 ? { if: makeCond(conds, refs, 'if') } : {}),
    continueOnError: raw.coe,
    failing: b % 4,
    attempts: 1 + (d % 2),
    ...(isGate || e % 4 !== 0
      ? {}
      : {
          matrix: {
            values: ['a', 'b', 'c'].slice(0, 1 + (e % 3)),
            ...(failFast ? { maxParallel: 1 } : f % 2 === 0 ? { maxParallel: 2 } : {}),
            failFast,
          },
        }),
  };
  if (isGate) return { ...common, kind: 'gate', gate: makeGate(numbers, refs) };
  if (!isLoop) return { ...common, kind: 'run' };
  const steps = makeList(raw.body, { ...refs, previous: [], loop: true }, names, depth + 1);
  // Names of the iteration before are known once the body is: conditions of its steps take them from there.
  const body = refsOf(steps);
  const inside: Refs = { ids: body.ids, exits: body.exits, previous: exitsHere(steps), loop: true };
  const first = b % 3 !== 0;
  return {
    ...common,
    kind: 'loop',
    loop: {
      max: 1 + (f % 3),
      ...(first ? { until: makeCond(conds.slice(4), inside, 'until') } : {}),
      ...(!first || c % 5 === 0
        ? { while: makeCond(conds.slice(8), { ...inside, ids: [], exits: [] }, 'while') }
        : {}),
      onExhausted: d % 2 === 0 ? 'fail' : 'continue',
      steps,
    },
  };
}

function exitsHere(steps: readonly Made[]): readonly string[] {
  return steps.flatMap(({ id, kind, matrix }) => (kind === 'run' && matrix === undefined ? [id] : []));
}

function makeGate(numbers: readonly number[], refs: Refs): NonNullable<Made['gate']> {
  const [, , , , , , g = 0, h = 0] = numbers;
  const asks = g % 4 !== 0;
  return {
    asks,
    ...(asks && h % 2 === 0 ? {} : { require: makeCond([g, h], refs, 'gate') }),
    ...(asks && h % 3 === 0 ? { approveIf: makeCond([h, g], refs, 'gate') } : {}),
  };
}

const STATUSES = ['succeeded', 'failed', 'skipped', 'blocked'];

function makeCond(numbers: readonly number[], refs: Refs, where: 'if' | 'until' | 'while' | 'gate'): Cond {
  const [n = 0, m = 0, ...rest] = numbers;
  const pick = (from: readonly string[]) => from[m % from.length] ?? '';
  const choices: (() => Cond)[] = [() => ({ op: 'true' }), () => ({ op: 'false' })];
  if (where === 'if')
    choices.push(...(['always', 'success', 'failure'] as const).map((op) => () => ({ op }) as const));
  if (refs.ids.length > 0)
    choices.push(() => ({ op: 'status', of: pick(refs.ids), is: STATUSES[n % 4] ?? '' }));
  if (refs.exits.length > 0)
    for (const is of [0, 0, 1]) choices.push(() => ({ op: 'exit', of: pick(refs.exits), is }));
  if (refs.loop && where !== 'gate') choices.push(() => ({ op: 'index', below: 2 + (m % 3) }));
  if (refs.previous.length > 0)
    choices.push(() => ({ op: 'previous-exit', of: pick(refs.previous), is: m % 2 }));
  if (rest.length > 3) {
    choices.push(() => ({ op: 'not', of: makeCond(rest, refs, where) }));
    const both = () => [makeCond(rest, refs, where), makeCond(rest.slice(2), refs, where)] as const;
    choices.push(() => ({ op: 'and', of: both() }));
    choices.push(() => ({ op: 'or', of: both() }));
  }
  return choices[n % choices.length]?.() ?? { op: 'true' };
}

/** The file. JSON is YAML. */
export function fileOf({ steps, finally: last }: MadeWorkflow, script: string): string {
  const write = (made: readonly Made[]) => made.map((step) => stepText(step, script));
  return JSON.stringify({
    name: 'w',
    'max-parallel': 4,
    steps: write(steps),
    ...(last.length === 0 ? {} : { finally: write(last) }),
  });
}

function stepText(step: Made, script: string): object {
  const { id, needs, loop, gate, matrix, attempts } = step;
  return {
    id,
    ...(needs === undefined ? {} : { needs }),
    ...(step.if === undefined ? {} : { if: condText(step.if) }),
    ...(step.continueOnError ? { 'continue-on-error': true } : {}),
    ...(matrix === undefined
      ? {}
      : {
          matrix: {
            on: matrix.values,
            'fail-fast': matrix.failFast,
            ...(matrix.maxParallel === undefined ? {} : { 'max-parallel': matrix.maxParallel }),
          },
        }),
    ...(step.kind === 'run' ? { run: script } : {}),
    ...(step.kind === 'run' && attempts > 1 ? { retry: { attempts, delay: '1ms' } } : {}),
    ...(loop === undefined
      ? {}
      : {
          loop: {
            max: loop.max,
            ...(loop.until === undefined ? {} : { until: condText(loop.until) }),
            ...(loop.while === undefined ? {} : { while: condText(loop.while) }),
            'on-exhausted': loop.onExhausted,
            steps: loop.steps.map((inner) => stepText(inner, script)),
          },
        }),
    ...(gate === undefined
      ? {}
      : {
          gate: {
            ...(gate.asks ? { message: 'go on?' } : {}),
            ...(gate.require === undefined ? {} : { require: condText(gate.require) }),
            ...(gate.approveIf === undefined ? {} : { 'approve-if': condText(gate.approveIf) }),
          },
        }),
  };
}

function condText(cond: Cond): string {
  switch (cond.op) {
    case 'always':
    case 'success':
    case 'failure':
      return `${cond.op}()`;
    case 'true':
      return "workflow.name == 'w'";
    case 'false':
      return "workflow.name == 'v'";
    case 'not':
      return `!(${condText(cond.of)})`;
    case 'and':
      return `(${condText(cond.of[0])}) && (${condText(cond.of[1])})`;
    case 'or':
      return `(${condText(cond.of[0])}) || (${condText(cond.of[1])})`;
    case 'status':
      return `steps.${cond.of}.status == '${cond.is}'`;
    case 'exit':
      return `steps.${cond.of}.exit-code == ${cond.is}`;
    case 'previous-exit':
      return `loop.previous.steps.${cond.of}.exit-code == ${cond.is}`;
    case 'index':
      return `loop.index < ${cond.below}`;
  }
}
