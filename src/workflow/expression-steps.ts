/** Says what can be read of a step. */
import { FAILURE_REASONS } from '../model/failure.ts';
import type { GateStep, PromptStep, ReduceMode, RunStep, Step } from '../model/workflow.ts';
import { typeOfNamed } from './expression-contexts.ts';
import { typeOfMatrix } from './matrix.ts';
import { outputTypes } from './part-types.ts';
import { listOf, NUMBER, objectOf, oneOf, orNull, STRING, type Type, typeOfSchema } from './types.ts';

const STATUSES = ['succeeded', 'failed', 'skipped', 'blocked', 'canceled'];
const MAYBE_STRING = orNull(STRING);
const MAYBE_NUMBER = orNull(NUMBER);

// Null where the step did not run; only its status is always there.
const COMMON: Readonly<Record<string, Type>> = {
  status: oneOf(STATUSES),
  duration: MAYBE_NUMBER,
  attempts: MAYBE_NUMBER,
  failure: orNull(objectOf({ reason: orNull(oneOf(FAILURE_REASONS)) })),
  artifacts: orNull(listOf(objectOf({ path: STRING, sha256: STRING }))),
  stderr: MAYBE_STRING,
};

const USAGE = objectOf({
  'input-tokens': NUMBER,
  'output-tokens': NUMBER,
  'cached-tokens': NUMBER,
  usd: MAYBE_NUMBER,
});

/** By the key of a candidate, which is known when the matrix is. */
const perCandidate = (type: Type): Type => ({ ...objectOf({}), rest: type });

const VERDICTS: Readonly<Record<ReduceMode, Type>> = {
  compare: objectOf({ ranking: listOf(STRING), reasons: perCandidate(STRING) }),
  summarize: objectOf({ summary: STRING, points: listOf(STRING) }),
  'best-of': objectOf({ winner: STRING, scores: perCandidate(NUMBER), reasons: perCandidate(STRING) }),
};

/** What `steps.<id>` of this step holds. */
export function typeOfStep(step: Step): Type {
  const type = typeOfOne(step);
  if (step.matrix === undefined) return type;
  const shown = ['status', 'text', 'output', 'outputs', 'stdout', 'exit-code'].flatMap((name) => {
    const member = type.members?.get(name);
    return member === undefined ? [] : [[name, member] as const];
  });
  const instance = objectOf(new Map([['key', STRING], ['matrix', typeOfMatrix(step.matrix)], ...shown]));
  return objectOf({ ...COMMON, instances: orNull(listOf(instance)) });
}

function typeOfOne(step: Step): Type {
  switch (step.kind) {
    case 'run':
      return typeOfRun(step);
    case 'prompt':
      return typeOfPrompt(step);
    case 'gate':
      return typeOfGate(step);
    case 'loop':
      return objectOf({ ...COMMON, count: MAYBE_NUMBER });
    case 'reduce':
      return objectOf({ ...COMMON, output: orNull(VERDICTS[step.mode]) });
    case 'uses':
      return objectOf({ ...COMMON, outputs: orNull(objectOf(outputTypes(step.part))) });
  }
}

function typeOfRun(step: RunStep): Type {
  const outputs = Object.entries(step.outputs).map(
    ([name, type]) => [name, orNull(typeOfNamed(type))] as const,
  );
  return objectOf({
    ...COMMON,
    stdout: MAYBE_STRING,
    'exit-code': MAYBE_NUMBER,
    outputs: orNull(objectOf(new Map(outputs))),
  });
}

function typeOfPrompt(step: PromptStep): Type {
  return objectOf({
    ...COMMON,
    text: MAYBE_STRING,
    ...(step.output === undefined ? {} : { output: orNull(typeOfSchema(step.output)) }),
    usage: orNull(USAGE),
    engine: MAYBE_STRING,
    model: MAYBE_STRING,
    session: MAYBE_STRING,
  });
}

function typeOfGate({ options, fields }: GateStep): Type {
  const answers = Object.entries(fields).map(
    ([name, { type, options: choices, required, default: fallback }]) => {
      const answer = typeOfNamed(type, choices);
      return [name, required || fallback !== undefined ? answer : orNull(answer)] as const;
    },
  );
  const asked = answers.length === 0 ? {} : { output: orNull(objectOf(new Map(answers))) };
  return objectOf({ ...COMMON, decision: orNull(oneOf(options)), ...asked });
}

/** What was probably meant by a property that a step does not have; undefined where a near name says it better. */
export function insteadOfStepProperty(step: Step, name: string): string | undefined {
  if (step.matrix !== undefined) return 'a step with a `matrix` has `instances`, each with what it came to';
  if (name === 'outcome' || name === 'conclusion' || name === 'result') return 'read `status`';
  if (step.kind === 'prompt') {
    if (name === 'output') return `give \`${step.id}\` an \`output:\` schema to read its answer`;
    if (name === 'outputs') return 'an agent step has an `output`';
    if (name === 'stdout') return "an agent's final message is its `text`";
    if (name === 'exit-code') return 'an agent step has a `status` and a `failure.reason`';
    return undefined;
  }
  if (step.kind === 'gate') {
    if (name === 'output') return `give \`${step.id}\` \`fields:\` to read their answers`;
    return name === 'approved' || name === 'option' || name === 'answer' ? 'read `decision`' : undefined;
  }
  if (step.kind === 'reduce') {
    const members = VERDICTS[step.mode].members ?? new Map<string, Type>();
    return members.has(name) ? `read \`output.${name}\`` : 'read `output`, which is what it came to';
  }
  if (step.kind === 'uses' && name === 'output')
    return 'a used workflow has `outputs.<name>`, as declared under its `outputs:`';
  if (name === 'output') return 'a `run` step has `outputs.<name>`, as declared under its `outputs:`';
  return name === 'text' ? 'a `run` step has a `stdout`' : undefined;
}
