/** Keeps what was decided at gates beside what agents answered, and decides from that again. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RECORDING_VERSION, type Rewrite, recordedAttempts, toPortable } from '../../engines/recorded.ts';
import type { GateQuestion, Milestone } from '../../model/event.ts';
import { follow } from '../../model/fold.ts';
import type { JsonObject } from '../../model/result.ts';
import { allSteps } from '../../model/workflow.ts';
import type { AskedGate, GivenAnswer } from '../../run/running.ts';
import { canonical } from '../../state/canonical.ts';
import { stepDirectory } from '../../state/transcripts.ts';
import type { Execution } from '../runs/execution.ts';
import { flagsOf } from '../runs/record.ts';

/** `answer.json` of a gate. */
type RecordedDecision = Pick<GivenAnswer, 'decision' | 'comment' | 'answers'> & {
  readonly v: typeof RECORDING_VERSION;
};

/** Hears a run, and keeps each decision that somebody made in its directory of the recording: `request.json`, then `answer.json`. */
export function recordingGates(e: Execution): ((milestone: Milestone) => void) | undefined {
  const { record } = flagsOf(e.record);
  if (record === undefined || !allSteps(e.workflow).some(({ kind }) => kind === 'gate')) return undefined;
  const run = follow(e.history);
  return (milestone) => {
    run.hear(milestone);
    if (milestone.type !== 'step-succeeded' && milestone.type !== 'step-failed') return;
    const { key, attempt, gate } = run.progress.steps.get(milestone.step) ?? {};
    const { question, decided } = gate ?? {};
    if (key === undefined || attempt === undefined || question === undefined) return;
    if (decided === undefined || decided.unasked !== undefined) return;
    const { decision, comment, answers } = decided;
    const answer: RecordedDecision = {
      ...{ v: RECORDING_VERSION, decision },
      ...(comment === undefined ? {} : { comment }),
      ...(answers === undefined ? {} : { answers }),
    };
    const request = { v: RECORDING_VERSION, step: key, attempt, ...portableOf(e)(asked(question)) };
    try {
      keep(path.join(record, stepDirectory(key, attempt)), {
        'request.json': request,
        'answer.json': answer,
      });
    } catch (error) {
      e.tell(`the decision at ${key} could not be recorded: ${(error as Error).message}`);
    }
  };
}

/** Decides as it is recorded, where the question is the one that was recorded; nothing where it is not, so that the run parks. */
export function replayingGates(
  e: Execution,
): ((asked: AskedGate) => Promise<GivenAnswer | undefined>) | undefined {
  const { replay } = flagsOf(e.record);
  if (replay === undefined) return undefined;
  return ({ step, question }) => {
    const recorded = recordedAttempts(replay, step, stepDirectory).findLast(({ answered }) => answered);
    if (recorded === undefined) return Promise.resolve(undefined);
    const read = (file: string): unknown =>
      JSON.parse(readFileSync(path.join(recorded.directory, file), 'utf8'));
    const { v: _, step: __, attempt: ___, ...then } = read('request.json') as JsonObject;
    if (canonical(then) !== canonical(portableOf(e)(asked(question)))) {
      e.tell(`${step} asks something else than what is recorded in ${recorded.directory}, so nobody decided`);
      return Promise.resolve(undefined);
    }
    const { v: ____, ...answer } = read('answer.json') as RecordedDecision;
    return Promise.resolve({ ...answer, by: 'the recording' });
  };
}

/** What was asked, as far as it is the same in another run: which files had changed or were kept, and not what is in them. */
function asked({ message, options, fields, shown }: GateQuestion): JsonObject {
  const files = shown?.map(({ diff, artifacts, ...one }) => ({
    ...one,
    ...(diff === undefined ? {} : { files: diff.files }),
    ...(artifacts === undefined ? {} : { kept: artifacts.map(({ step, path: name }) => `${step}: ${name}`) }),
  }));
  const words = {
    message,
    options,
    ...(fields === undefined ? {} : { fields }),
    ...(files === undefined ? {} : { shown: files }),
  };
  return words as unknown as JsonObject;
}

function portableOf({ record, place }: Execution): Rewrite {
  return toPortable({ run: record.id, paths: { workspace: place.root } });
}

function keep(directory: string, files: Readonly<Record<string, object>>): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, value] of Object.entries(files))
    writeFileSync(path.join(directory, name), `${JSON.stringify(value, null, 2)}\n`);
}
