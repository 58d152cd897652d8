import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import type { Step, Workflow } from '../../src/model/workflow.ts';
import { runs } from '../support/seed.ts';
import type { FakeClock, Rig } from './rig.ts';
import { agentStep, failing, fakeClock, fakeTree, fine, planOf, runStep, start, workflowOf } from './rig.ts';
import type { World } from './worktrees.ts';
import { fakeWorld, ISOLATED } from './worktrees.ts';

interface Drawn {
  readonly kind: 'isolated' | 'isolated-run' | 'never' | 'run' | 'writer';
  readonly needs: readonly number[];
  readonly fails: boolean;
  readonly continueOnError: boolean;
  /** Writes a file that others write as well. */
  readonly collides: boolean;
}

const sometimes = fc.nat(5).map((n) => n === 0);
const drawn: fc.Arbitrary<Drawn> = fc.record({
  kind: fc.constantFrom('isolated', 'isolated', 'isolated', 'isolated-run', 'never', 'run', 'writer'),
  needs: fc.array(fc.nat(20), { maxLength: 2 }),
  fails: sometimes,
  continueOnError: fc.boolean(),
  collides: sometimes,
});
const graphs = fc.array(drawn, { minLength: 2, maxLength: 9 });
const schedule = fc.record({ pacing: fc.nat(), maxParallel: fc.integer({ min: 1, max: 8 }) });
type Schedule = { readonly pacing: number; readonly maxParallel: number };

/** Writers of the shared tree stand in a chain: side by side they would be refused. */
function build(steps: readonly Drawn[]): Workflow {
  let writer: string | undefined;
  const built = steps.map(({ kind, needs, continueOnError }, index): Step => {
    const id = `s${index}`;
    const own = index === 0 ? [] : needs.map((need) => `s${need % index}`);
    const after = kind === 'writer' && writer !== undefined ? [writer] : [];
    if (kind === 'writer') writer = id;
    const spec = { needs: [...new Set([...own, ...after])], continueOnError };
    const merge = kind === 'never' ? 'never' : 'auto';
    if (kind === 'run') return runStep(id, spec);
    if (kind === 'isolated-run') return runStep(id, { ...spec, isolated: ISOLATED });
    if (kind === 'writer') return agentStep(id, { ...spec, access: 'write' });
    return agentStep(id, { ...spec, access: 'write', isolated: { ...ISOLATED, merge } });
  });
  return workflowOf(built);
}

/** Numbers in [0, 1) from a seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Whatever is done takes some time, which nobody knows before. */
function paced(clock: FakeClock, seed: number): () => Promise<void> {
  const random = numbers(seed);
  return () =>
    new Promise((resolve) => {
      const ms = Math.floor(random() * 50);
      if (ms < 20) resolve();
      else clock.after(ms, resolve);
    });
}

interface Moment {
  readonly journal: readonly Milestone[];
  readonly files: ReadonlyMap<string, string>;
  readonly worktrees: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

const NEW: Moment = { journal: [], files: new Map(), worktrees: new Map() };

/** One life of a run: what it came to, each moment at which its runner could have died, and what it may never do. */
async function live(graph: readonly Drawn[], { pacing, maxParallel }: Schedule, world: World, from = NEW) {
  const clock = fakeClock();
  const pace = paced(clock, pacing);
  const workflow = build(graph);
  const batchOf = new Map(planOf(workflow).steps.map(({ step, batch }) => [String(step.id), batch]));
  const merged = (id: string) => workflow.steps.find((step) => step.id === id)?.isolated?.merge === 'auto';
  const wrong: string[] = [];
  const bases: [string, readonly string[]][] = [];
  const moments: Moment[] = [];
  const inTree = { sharing: new Set<string>(), writing: new Set<string>(), merging: 0 };
  world.tree.files.clear();
  world.worktrees.clear();
  for (const [path, text] of from.files) world.tree.files.set(path, text);
  for (const [name, files] of from.worktrees) world.worktrees.set(name, new Map(files));
  const moment = (journal: readonly Milestone[]) => {
    const worktrees = new Map([...world.worktrees].map(([name, files]) => [name, new Map(files)]));
    moments.push({ journal: [...journal], files: new Map(world.tree.files), worktrees });
  };
  const { tree, isolation } = world;
  const rig: Rig = start({
    workflow,
    clock,
    history: from.journal,
    options: { maxParallel },
    refuse: () => {
      // Just before the next milestone: everything that was done since the last one is there, and not said.
      moment(rig.journal);
      return false;
    },
    ports: {
      ...world.ports,
      workspace: {
        ...tree,
        record: async (...of) => {
          await pace();
          if (inTree.writing.size > 0 && of[1].endsWith('.base'))
            wrong.push(`${of[1]} while a writer writes`);
          return tree.record(...of);
        },
        restore: async (to, since, found) => {
          const merging = to.endsWith('.merged');
          if (merging && inTree.sharing.size + inTree.writing.size > 0)
            wrong.push(`merged beside ${[...inTree.sharing, ...inTree.writing].join()}`);
          inTree.merging++;
          const before = new Map(tree.files);
          const restored = await tree.restore(to, since, found);
          const done = new Map(tree.files);
          // A runner may die when half of it is in place.
          tree.files.clear();
          for (const [path, text] of before) tree.files.set(path, text);
          for (const [index, path] of (restored.ok ? restored.value : []).entries()) {
            const text = done.get(path);
            if (index % 2 === 1) continue;
            if (text === undefined) tree.files.delete(path);
            else tree.files.set(path, text);
          }
          moment(rig.journal);
          await pace();
          tree.files.clear();
          for (const [path, text] of done) tree.files.set(path, text);
          inTree.merging--;
          return restored;
        },
      },
      isolation: {
        ...isolation,
        open: async (what) => {
          await pace();
          const id = what.directory.split('.')[0] ?? '';
          bases.push([id, [...(tree.recordings.get(what.from)?.keys() ?? [])].filter(merged)]);
          return isolation.open(what);
        },
        merge: async (what) => {
          await pace();
          return isolation.merge(what);
        },
      },
    },
    script: async (job) => {
      const step = graph[Number(job.step.slice(1))];
      const files = world.filesOf(job);
      const mine =
        job.root !== undefined ? undefined : step?.kind === 'writer' ? inTree.writing : inTree.sharing;
      mine?.add(job.step);
      if (mine !== undefined && inTree.merging > 0) wrong.push(`${job.step} beside a merge`);
      if (inTree.writing.size > 0 && inTree.writing.size + inTree.sharing.size > 1)
        wrong.push(`${[...inTree.writing, ...inTree.sharing].join()} beside a writer`);
      files.set(job.step, 'begun');
      await pace();
      if (step?.collides === true && job.root !== undefined)
        files.set('both', `${files.get('both') ?? ''}${job.step}`);
      files.set(job.step, 'done').set(`${job.step}/more`, 'done');
      await pace();
      mine?.delete(job.step);
      return step?.fails === true ? failing('output') : fine({ text: job.step });
    },
  });
  const result = await rig.result();
  moment(rig.journal);
  const merges = rig.journal.flatMap((m) => (m.type === 'change-merged' ? [String(m.step)] : []));
  const rank = (id: string) => (batchOf.get(id) ?? 0) * 1_000 + Number(id.slice(1));
  return { rig, result, merges, bases, moments, wrong, rank, batchOf, statuses: rig.statuses() };
}

/** What becomes of each step: whoever needs one that failed, and was not allowed to, is blocked. */
function expectedStatuses(graph: readonly Drawn[]): Record<string, string> {
  const statuses: Record<string, string> = {};
  for (const { id, needs, continueOnError } of build(graph).steps) {
    const fine = needs.every((need) => statuses[need] === 'succeeded' || statuses[need] === 'forgiven');
    const fails = graph[Number(id.slice(1))]?.fails === true;
    const failed = continueOnError ? 'forgiven' : 'failed';
    statuses[id] = fine ? (fails ? failed : 'succeeded') : 'blocked';
  }
  const shown = (status: string) => (status === 'forgiven' ? 'failed' : status);
  return Object.fromEntries(Object.entries(statuses).map(([id, status]) => [id, shown(status)]));
}

const sorted = (files: ReadonlyMap<string, string>) => [...files].sort();
const quiet = (graph: readonly Drawn[]) => graph.map((step) => ({ ...step, collides: false }));

describe('isolated, shared and writing steps in any graph', () => {
  test('merge in one order whoever is faster, into the same tree; each worktree holds the batches before it', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, schedule, schedule, async (graph, one, other) => {
        const [world, second] = [fakeWorld(fakeTree()), fakeWorld(fakeTree())];
        const first = await live(graph, one, world);
        const again = await live(graph, other, second);
        expect([...first.wrong, ...again.wrong]).toEqual([]);
        expect(first.merges).toEqual(again.merges);
        expect(first.statuses).toEqual(again.statuses);
        expect(first.result.end).toBe(again.result.end);
        expect(sorted(world.tree.files)).toEqual(sorted(second.tree.files));
        expect(first.merges).toEqual([...first.merges].sort((a, b) => first.rank(a) - first.rank(b)));
        for (const [id, base] of [...first.bases, ...again.bases]) {
          const batch = first.batchOf.get(id) ?? 0;
          const before = first.merges.filter((step) => (first.batchOf.get(step) ?? 0) < batch);
          expect([id, ...[...base].sort()]).toEqual([id, ...before.sort()]);
        }
        expect(first.rig.most()).toBeLessThanOrEqual(one.maxParallel);
        expect(world.worktrees.size).toBe(0);
      }),
      runs(200),
    );
  });

  /** Resumes from a moment; the end must be that of the undisturbed run, and no work that was ready is made again. */
  async function resumed(
    graph: readonly Drawn[],
    by: Schedule,
    world: World,
    from: Moment,
    whole: Awaited<ReturnType<typeof live>>,
  ) {
    const ready = from.journal.flatMap((m) => (m.type === 'change-ready' ? [String(m.step)] : []));
    const expected = sorted(whole.moments.at(-1)?.files ?? new Map());
    const next = await live(graph, by, world, from);
    const at = JSON.stringify(from.journal.at(-1));
    expect(next.wrong, at).toEqual([]);
    expect(next.result.end, at).toBe(whole.result.end);
    expect(next.statuses, at).toEqual(whole.statuses);
    expect(sorted(world.tree.files), at).toEqual(expected);
    expect(
      next.rig.made.filter((made) => ready.includes(made.split('.')[0] ?? '')),
      at,
    ).toEqual([]);
    expect(world.worktrees.size, at).toBe(0);
    return next;
  }

  test('come to the same end when the runner dies at any moment, twice', async () => {
    const cuts = fc.tuple(fc.nat(1_000), fc.nat(1_000));
    await fc.assert(
      fc.asyncProperty(
        graphs.map(quiet),
        schedule,
        schedule,
        cuts,
        async (graph, one, other, [first, second]) => {
          const world = fakeWorld(fakeTree());
          const whole = await live(graph, one, world);
          expect(whole.statuses).toEqual(expectedStatuses(graph));
          let { moments } = whole;
          for (const cut of [first, second]) {
            const from = moments[cut % moments.length] as Moment;
            moments = (await resumed(graph, other, world, from, whole)).moments;
          }
        },
      ),
      runs(200),
    );
  });

  test('come to the same end from each single moment', async () => {
    const step = (kind: Drawn['kind'], ...needs: number[]): Drawn => {
      return { kind, needs, fails: false, continueOnError: true, collides: false };
    };
    const graph = [
      ...[step('isolated'), step('isolated'), step('run'), step('writer'), step('isolated', 0)],
      ...[step('isolated-run', 2), step('never'), { ...step('isolated'), fails: true }, step('isolated', 7)],
    ];
    const by = { pacing: 7, maxParallel: 3 };
    const world = fakeWorld(fakeTree());
    const whole = await live(graph, by, world);
    expect(whole.merges).toEqual(['s0', 's1', 's4', 's5', 's8']);
    for (const moment of whole.moments) await resumed(graph, by, world, moment, whole);
  });
});
