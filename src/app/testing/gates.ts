/** Decides at gates as a test says. */
import type { RunPorts } from '../../run/running.ts';
import type { WrittenDecision } from '../../workflow/test-file.ts';
import { readAnswers } from '../gates/answers.ts';
import type { Trouble } from './stage.ts';
import type { Turns } from './turns.ts';

/** Lets the time of a gate run out instead of deciding. */
const TIME_OUT = 'timeout';

/** Who answers at gates: the test, else the recording. */
export function gateDecision(
  turns: Turns<string | WrittenDecision>,
  recorded: RunPorts['askGate'],
  during: <T>(work: Promise<T>) => Promise<T>,
  trouble: (one: Trouble) => void,
): NonNullable<RunPorts['askGate']> {
  return async (asked, gone) => {
    const { step, question } = asked;
    const written = turns.next(step);
    if (written === undefined) {
      const decided = await during(recorded?.(asked, gone) ?? Promise.resolve(undefined));
      if (decided === undefined)
        trouble({
          ...{ step, kind: 'parks', message: `nobody decides at the gate ${step}: ${question.message}` },
          help: `add \`${step}: ${question.options[0] ?? 'approve'}\` under \`gates\`, or expect \`status: parked\``,
        });
      return decided;
    }
    const { decision, comment, answers = {} } = typeof written === 'string' ? { decision: written } : written;
    if (decision === TIME_OUT && !question.options.includes(TIME_OUT)) {
      if (question['expires-at'] !== undefined) await until(gone);
      else trouble({ step, message: `the gate ${step} has no \`timeout\` that could run out` });
      return undefined;
    }
    if (!question.options.includes(decision)) {
      const help = `its options are ${question.options.map((option) => `\`${option}\``).join(', ')}`;
      trouble({ step, message: `\`${decision}\` is no option of the gate ${step}`, help });
      return undefined;
    }
    const read = readAnswers(question, decision, answers);
    if (!read.ok) {
      trouble({ step, message: `the gate ${step} cannot be answered so: ${read.error.join('; ')}` });
      return undefined;
    }
    return {
      ...{ decision, by: 'the test' },
      ...(comment === undefined ? {} : { comment }),
      ...(read.value === undefined ? {} : { answers: read.value }),
    };
  };
}

function until(gone: AbortSignal): Promise<void> {
  if (gone.aborted) return Promise.resolve();
  return new Promise((resolve) => gone.addEventListener('abort', () => resolve(), { once: true }));
}
