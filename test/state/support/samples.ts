/** Makes runs and milestones to store. */

import type { MilestoneBody } from '../../../src/model/event.ts';
import { asRunId, asStepKey, RUN_ID_PATTERN, type RunId } from '../../../src/model/ids.ts';
import type { RunRecord } from '../../../src/state/runs.ts';

const TAIL = 'bcdfghjkmn';

/** A run id; a larger number is a later run. */
export function runId(number: number): RunId {
  const seconds = String(number % 60).padStart(2, '0');
  const minutes = String(Math.floor(number / 60) % 60).padStart(2, '0');
  const tail = [...String(number).padStart(4, '0')].map((digit) => TAIL[Number(digit)]).join('');
  const id = `20261120-14${minutes}${seconds}-${tail}`;
  if (!RUN_ID_PATTERN.test(id)) throw new Error(`${id} is no run id`);
  return asRunId(id);
}

/** What a run was started with. */
export function record(id: string, more: Partial<RunRecord> = {}): RunRecord {
  const at = `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}T${id.slice(9, 11)}:${id.slice(11, 13)}:${id.slice(13, 15)}.000Z`;
  return {
    id: asRunId(id),
    name: 'build',
    path: '.codemachine/workflows/build.yml',
    createdAt: at,
    sha256: 'ab'.repeat(32),
    files: {
      '.codemachine/workflows/build.yml': 'steps:\n  - run: make\n',
      'prompts/fix.md': 'Fix it – “now”.\u0000',
    },
    config: { engines: { codex: { 'max-parallel': 2 } } },
    inputs: { target: 'all', depth: 3 },
    options: { failFast: true, only: ['a*'] },
    git: { sha: '1234', branch: 'main', dirty: false },
    workspace: '/somewhere',
    ...more,
  };
}

/** A milestone with something awkward in it. */
export function milestone(number: number): MilestoneBody {
  return {
    type: 'step-succeeded',
    step: asStepKey(`build[${number}].test`),
    attempt: 1,
    'duration-ms': number / 3,
    'exit-code': 0,
    stdout: `line ${number}\n\u0000 é 😀 \ud83d`,
    outputs: { z: [1, null, true], a: { '\u20ac': '' } },
  };
}
