// Runs whole workflows of any structure through the built program, agents from a recording, against the reference interpreter.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { asStepKey, stepOfKey } from '../../src/model/ids.ts';
import { stepDirectory } from '../../src/state/transcripts.ts';
import { ends, eventsOf, projectWith } from '../commands/project.ts';
import { fileOf, type Made, type MadeWorkflow, workflows } from '../run/language/drawn.ts';
import { failsAt, interpret } from '../run/language/reference.ts';
import { built } from '../support/built.ts';
import { draw } from '../support/seed.ts';

const CASES = 12;
/** Enough that some of them ask nobody: a gate at which somebody is asked parks the run. */
const DRAWN = 60;

const cases = draw(workflows, DRAWN)
  .map((made) => ({ made, expected: interpret(made) }))
  .filter(
    ({ made, expected }) => expected.asked.length === 0 && expected.statuses.size > 4 && agentsIn(made) > 0,
  )
  .slice(0, CASES);

beforeAll(built);

function all(made: readonly Made[]): readonly Made[] {
  return made.flatMap((step) => [step, ...all(step.loop?.steps ?? [])]);
}

/** Whether an agent does what a command would: nobody asks for its exit code, and it makes one attempt. */
function isAgent(made: MadeWorkflow): (step: Made) => boolean {
  const text = fileOf(made, '');
  return ({ id, kind, attempts }) =>
    kind === 'run' && attempts === 1 && Number(id.slice(1)) % 2 === 0 && !text.includes(`${id}.exit-code`);
}

function agentsIn(made: MadeWorkflow): number {
  return all(made.steps).filter(isAgent(made)).length;
}

/** The file, with agents where they do not matter. */
function workflowText(made: MadeWorkflow): string {
  const agents = new Map(all([...made.steps, ...made.finally]).map((step) => [step.id, step]));
  const wanted = isAgent(made);
  const failing = [...interpret(made).statuses.keys()].flatMap((key) => {
    const step = agents.get(stepOfKey(asStepKey(key)));
    if (step?.kind !== 'run') return [];
    return [0, 1].flatMap((nth) => (failsAt(step, key, nth) ? [`'${key}.${nth + 1}'`] : []));
  });
  const script = `case "$CODEMACHINE_STEP.$CODEMACHINE_ATTEMPT" in ${failing.length === 0 ? 'none' : failing.join('|')}) exit 1;; esac`;
  return JSON.stringify(JSON.parse(fileOf(made, script)), (_, value) => {
    const step = typeof value?.run === 'string' ? agents.get(value.id) : undefined;
    if (step === undefined || !wanted(step)) return value;
    const { run: _run, ...rest } = value;
    return { ...rest, prompt: `do ${step.id}`, engine: 'claude-code', access: 'read' };
  });
}

/** What the agents answered, for each attempt that the reference makes. */
function record(dir: string, made: MadeWorkflow): void {
  const steps = new Map(all([...made.steps, ...made.finally]).map((step) => [step.id, step]));
  const wanted = isAgent(made);
  for (const [key] of interpret(made).statuses) {
    const step = steps.get(stepOfKey(asStepKey(key)));
    if (step === undefined || !wanted(step)) continue;
    const attempt = path.join(dir, stepDirectory(asStepKey(key), 1));
    const ok = !failsAt(step, key, 0);
    const failure = ok ? {} : { failure: { reason: 'refused', message: 'the model refused' } };
    const request = { v: 1, step: key, attempt: 1, engine: 'claude-code', settings: { access: 'read' } };
    mkdirSync(attempt, { recursive: true });
    writeFileSync(
      path.join(attempt, 'request.json'),
      JSON.stringify({ ...request, prompt: `do ${step.id}` }),
    );
    writeFileSync(path.join(attempt, 'events.jsonl'), '');
    writeFileSync(path.join(attempt, 'answer.json'), JSON.stringify({ v: 1, ok, ...failure, values: {} }));
  }
}

describe('a workflow of any structure, in replay', () => {
  it('has cases', () => {
    expect(cases).toHaveLength(CASES);
  });

  it.each(cases.map((one, index) => [index, one] as const))('ends as computed: %i', async (_, one) => {
    const { made, expected } = one;
    const project = projectWith({ w: `# name: w\n${workflowText(made)}` });
    record(path.join(project.base, 'recording'), made);
    const { code, events } = await eventsOf(project, `run w --replay ${project.base}/recording`);
    expect(ends(events)).toEqual(Object.fromEntries(expected.statuses));
    expect(code).toBe(expected.end === 'succeeded' ? 0 : 1);
  });
});
