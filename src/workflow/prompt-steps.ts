/** Reads the steps that an agent works on. */
import { literal, type Template } from '../model/expression.ts';
import { isWriter, type PromptStep } from '../model/workflow.ts';
import { readAccess, readSettings, readWaits } from './agent-settings.ts';
import { enginesOf, layersOf } from './agents.ts';
import { readAnswer } from './answer-file.ts';
import { readBudget } from './budgets.ts';
import { choiceOf } from './choices.ts';
import { isFence } from './declarations.ts';
import { isolation } from './isolated-steps.ts';
import { readSession } from './loops.ts';
import { fanOut, once, withValue } from './matrix.ts';
import type { Place } from './order.ts';
import { complain, fileText, type Reading, readNamedFile, templateAt } from './reading.ts';
import { KIND_KEYS } from './shape-keys.ts';
import { type Ground, readCommon } from './step-common.ts';
import { readTemplate } from './template.ts';
import { child, entryOf, type MapNode, type Node, stringAt } from './tree.ts';

/** Where an axis of the matrix, or a choice among the inputs, names who does it, the step is read for each: what one cannot do is complained about once. */
export function readPromptStep(ground: Ground, node: MapNode, place: Place): PromptStep {
  const fan = fanOut(node) ?? choiceOf(ground.reading, node);
  if (fan === undefined) return readPrompt(ground, node, place);
  const own = { ...ground, reading: { ...ground.reading, report: once(ground.reading.report) } };
  const read = fan.values.map(
    (value) => [value, readPrompt(own, withValue(node, fan.key, value), place)] as const,
  );
  const first = read[0]?.[1] ?? readPrompt(own, node, place);
  return {
    ...first,
    variants: {
      axis: fan.axis,
      ...(fan.of === undefined ? {} : { of: fan.of }),
      steps: Object.fromEntries(read),
    },
  };
}

function readPrompt(ground: Ground, node: Node, place: Place): PromptStep {
  const { reading } = ground;
  const layers = layersOf(reading, node);
  const kindKey = KIND_KEYS.map((key) => entryOf(node, key)).find((entry) => entry !== undefined);
  const kindAt = kindKey?.at ?? node.at;
  const { access, said: accessSaid } = readAccess(reading, layers);
  const agentKnown = child(node, 'agent') === undefined || layers.agent !== undefined;
  if (!accessSaid && agentKnown) complain(reading, 'access-unsaid', kindAt, {});
  const agent = stringAt(node, 'agent');
  const output = readAnswer(reading, child(node, 'output'));
  const isolated = isolation(ground, layers, place);
  const budget = readBudget(child(node, 'budget'));
  const step: PromptStep = {
    ...readCommon(ground, node, place, layers, 'prompt'),
    kind: 'prompt',
    ...(agent === undefined ? {} : { agent }),
    prompt: readPromptText(reading, node) ?? literal('', node.at),
    engines: enginesOf(reading, layers, { kind: 'scalar', at: kindAt } as Node),
    access,
    accessSaid,
    ...readWaits(reading, layers),
    undo: stringAt(node, 'undo') !== 'never',
    ...readSettings(reading, layers),
    ...(output === undefined ? {} : { output }),
    ...(budget === undefined ? {} : { budget }),
    ...isolated,
    ...readSession(ground.reading, node, { inLoop: ground.inLoop === true, ...isolated }),
  };
  const undo = entryOf(node, 'undo');
  if (step.isolated !== undefined && !step.undo && undo !== undefined)
    complain(reading, 'undo-says-nothing', undo.at, {});
  if (isWriter(step) && step.undo && !reading.world.hasGit)
    complain(reading, 'no-git', kindAt, { step: step.id });
  return step;
}

function readPromptText(reading: Reading, node: Node): Template | undefined {
  const named = child(node, 'prompt-file');
  if (named === undefined) {
    const text = child(node, 'prompt');
    // One without any letter is complained about with its shape.
    const isBlank = text?.kind === 'scalar' && text.value !== '' && text.written.trim() === '';
    if (isBlank && typeof text.value === 'string') complain(reading, 'empty', text.at, { key: '`prompt`' });
    return templateAt(reading, node, 'prompt');
  }
  if (named.kind !== 'scalar' || typeof named.value !== 'string' || named.value === '' || isFence(named))
    return undefined;
  const file = readNamedFile(reading, named, 'write the path of the prompt relative to this workflow file');
  if (file?.text.trim() === '') complain(reading, 'empty', named.at, { key: `\`${named.value}\`` });
  return file === undefined ? undefined : readTemplate(fileText(file), reading.source.path, reading.report);
}
