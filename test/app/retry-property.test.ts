// Retries random workflows after random failures, in memory: they end as if nothing had happened.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decideKept, isKept } from '../../src/app/runs/kept.ts';
import { takenBodies } from '../../src/app/runs/taken.ts';
import { settleTree } from '../../src/app/trees/choice.ts';
import { asRunId, asStepId, asStepKey, type StepKey } from '../../src/model/ids.ts';
import { stepAt } from '../../src/model/parts.ts';
import type { Job } from '../../src/model/ports.ts';
import { ok } from '../../src/model/result.ts';
import type { Step, Workflow } from '../../src/model/workflow.ts';
import type { Trees } from '../../src/workspace/trees.ts';
import type { GitWorkspace } from '../../src/workspace/workspace.ts';
import {
  agentStep,
  type FakeTree,
  failing,
  fine,
  loopStep,
  matrixOf,
  planOf,
  type Rig,
  runStep,
  type Script,
  start,
  template,
  turn,
  usesStep,
  workflowOf,
} from '../run/rig.ts';
import { fakeWorld, ISOLATED, type World } from '../run/worktrees.ts';
import { runs } from '../support/seed.ts';

/**
 * `format` is a command that rewrites what agents wrote, `fan` a matrix of agents with trees of their own, `round` a loop of an agent
 * and a command, `rounds` a matrix of loops of readers, `part` a used workflow.
 */
const KINDS = ['agent', 'apart', 'format', 'command', 'reader', 'fan', 'round', 'rounds', 'part'] as const;

interface Drawn {
  readonly kind: (typeof KINDS)[number];
  readonly needs: readonly number[];
}

const graphs = fc.array(
  fc.record({
    kind: fc.constantFrom('agent', ...KINDS),
    needs: fc.array(fc.nat(20), { maxLength: 3 }),
  }) as fc.Arbitrary<Drawn>,
  { minLength: 2, maxLength: 9 },
);
const failure = fc.record({
  at: fc.nat(1_000),
  from: fc.option(fc.nat(20)),
  maxParallel: fc.integer({ min: 1, max: 4 }),
});

/** Each step is told what those that it needs said. What writes the common file stands in a chain. */
function build(drawn: readonly Drawn[]): Workflow {
  let writer: string | undefined;
  const steps = drawn.map(({ kind, needs }, index): Step => {
    const id = `s${index}`;
    const writes = kind === 'agent' || kind === 'format' || kind === 'round' || kind === 'part';
    const before = index === 0 ? [] : needs.map((need) => `s${need % index}`);
    const all = [...new Set([...before, ...(writes && writer !== undefined ? [writer] : [])])];
    if (writes) writer = id;
    const said = all.map((need) => `\${{ steps.${need}.text }}`).join(' ');
    const told = template(`${kind} ${said}`);
    const pair = (by: string): readonly Step[] => [
      agentStep(`${id}-a`, { access: by === 'agent' ? 'write' : 'read', prompt: template(by) }),
      runStep(`${id}-b`, { needs: [`${id}-a`], script: template(`command \${{ steps['${id}-a'].text }}`) }),
    ];
    if (kind === 'fan') {
      const matrix = matrixOf({ n: [1, 2, 3] });
      const prompt = template(`apart ${said}`);
      return agentStep(id, { needs: all, access: 'write', isolated: ISOLATED, prompt, matrix });
    }
    if (kind === 'round') return loopStep(id, pair('agent'), { needs: all, until: 'loop.index === 2' });
    if (kind === 'rounds') {
      const matrix = matrixOf({ n: [1, 2] });
      return loopStep(id, pair('reader'), { needs: all, until: 'loop.index === 2', matrix });
    }
    if (kind === 'part') return usesStep(id, workflowOf(pair('agent')), { needs: all });
    if (kind === 'agent') return agentStep(id, { needs: all, access: 'write', prompt: told });
    if (kind === 'apart')
      return agentStep(id, { needs: all, access: 'write', isolated: ISOLATED, prompt: told });
    if (kind === 'reader') return agentStep(id, { needs: all, prompt: told });
    return runStep(id, { needs: all, script: told });
  });
  return workflowOf(steps);
}

/** Does what a step is told, half of it where it fails. */
function worker(world: World, fails?: string): Script {
  return async (job: Job) => {
    await turn();
    const told = job.kind === 'run' ? job.script : job.prompt;
    const [kind = ''] = told.split(' ');
    const files = world.filesOf(job);
    const half = job.step === fails ? 'half ' : '';
    // An agent adds to what is there, so that one that is not undone shows.
    if (kind === 'agent') files.set('common', `${files.get('common') ?? ''}${half}${job.step};`);
    if (kind === 'format') files.set('common', `[${(files.get('common') ?? '').replaceAll(/[[\]]/g, '')}]`);
    if (kind !== 'reader') files.set(job.step, `${half}${told}`);
    await turn();
    return half === '' ? fine({ text: `${job.step}(${told})` }) : failing('exit-code');
  };
}

function asGit({ tree, isolation }: World): GitWorkspace {
  const fake: Pick<GitWorkspace, 'isolation' | 'record' | 'restore' | 'changed' | 'recordings' | 'holds'> = {
    record: tree.record,
    restore: tree.restore,
    changed: tree.changed,
    isolation,
    recordings: async () =>
      ok(
        [...tree.recordings.keys()].map((key, number) => ({
          number,
          tree: key,
          label: key.replace(/^\d+:/, ''),
        })),
      ),
    holds: async (recording, paths) =>
      ok(paths.filter((one) => tree.recordings.get(recording)?.has(one) === true)),
  };
  const at = (recording: string) => tree.recordings.get(recording) ?? new Map<string, string>();
  const pick: Trees['pick'] = async ({ from, to, paths }) => {
    const name = `${tree.recordings.size + 1}:picked`;
    const files = new Map(at(from));
    for (const file of paths) {
      const text = at(to).get(file);
      if (text === undefined) files.delete(file);
      else files.set(file, text);
    }
    tree.recordings.set(name, files);
    return ok(name);
  };
  // No step of these graphs moves a file.
  const changes: Trees['changes'] = async () => ok([]);
  const lost: GitWorkspace['lost'] = async (from, to) => {
    const [before, after] = [from, to].map((name) => tree.recordings.get(name) ?? new Map());
    return ok([...(before?.keys() ?? [])].filter((file) => after?.has(file) !== true));
  };
  return { ...fake, lost, trees: { pick, changes } } as unknown as GitWorkspace;
}

function outcome(rig: Rig, tree: FakeTree) {
  const texts = [...rig.progress().steps].map(([key, { status, values }]) => [
    key,
    `${status} ${values.text}`,
  ]);
  return { files: Object.fromEntries([...tree.files].sort()), steps: Object.fromEntries(texts.sort()) };
}

it('a retry after any failure ends as the run would have that nothing happened to', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, failure, async (drawn, { at, from, maxParallel }) => {
      const workflow = build(drawn);
      const options = { maxParallel };
      const calm = fakeWorld();
      const wanted = start({ workflow, ports: calm.ports, script: worker(calm), options });
      expect((await wanted.result()).end).toBe('succeeded');

      const world = fakeWorld();
      const failed = wanted.made[at % wanted.made.length]?.replace(/\.\d+$/, '');
      const first = start({ workflow, ports: world.ports, script: worker(world, failed), options });
      expect((await first.result()).end).toBe('failed');
      const decision = decideKept({
        ...{ plan: planOf(workflow), workflow, progress: first.progress(), changed: () => [] },
        ...(from === null ? {} : { from: asStepId(`s${from % drawn.length}`) }),
        mergesLater: false,
      });
      const again = (step: string): boolean => !isKept(decision, asStepKey(step));
      const reads = (key: StepKey): boolean => {
        const step = stepAt(workflow, key);
        return step?.isolated !== undefined || (step?.kind === 'prompt' && step.access === 'read');
      };
      const old = asRunId('20261120-141503-k7qd');
      const settle = (tree?: 'restore') =>
        settleTree(
          {
            ...{ workspace: asGit(world), run: asRunId('20261120-141504-k7qd'), of: old },
            ...{ history: first.journal, again, counts: again, recordsAll: reads },
            othersSince: () => [],
          },
          { tell: () => undefined, ...(tree === undefined ? {} : { tree }) },
          { secrets: {}, envFile: {}, partEnvFiles: {}, engineKeys: [], warnings: [] },
        );
      const asked = await settle();
      // A command that is kept ran beside one that is not: whose edit it was, nobody knows.
      const settled = asked.ok ? asked : await settle('restore');
      expect(settled).toMatchObject({ ok: true });
      if (settled.ok) await settled.value.putBack?.();

      const opening = { prelude: takenBodies(decision, first.progress()), retryOf: old };
      const second = start({ workflow, ports: world.ports, script: worker(world), options, opening });
      expect((await second.result()).end).toBe('succeeded');
      expect(outcome(second, world.tree)).toEqual(outcome(wanted, calm.tree));
      expect(second.made.map((made) => made.replace(/\.\d+$/, '')).filter((step) => !again(step))).toEqual(
        [],
      );
    }),
    runs(300),
  );
});
