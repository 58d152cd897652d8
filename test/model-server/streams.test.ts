// The kept event streams are what the pinned engines really print.
//
// `RECORD_STREAMS=1` writes them anew, after a pin has moved.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  claudeFlags,
  codexFlags,
  driveClaude,
  driveCodex,
  driveGemini,
  driveOpencode,
  geminiFlags,
  makeScratch,
  opencodeFlags,
} from '../support/drive.ts';
import { engineBinary } from '../support/engines.ts';
import { readMarker } from '../support/model-server/conversation.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { scenarioNames } from '../support/model-server/scenarios.ts';
import {
  claudeRuns,
  codexRuns,
  endOf,
  geminiRuns,
  opencodeRuns,
  type Recorded,
  readEvents,
  sanitize,
  sessionOf,
  shapeOf,
} from './streams.ts';

const recording = process.env.RECORD_STREAMS === '1';
// What takes minutes is left to `npm run soak -- engines`.
const whole = recording || process.env.CODEMACHINE_TEST_ALL === '1';
const folder = new URL('../engines/streams/', import.meta.url).pathname;

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.close());

type Engine = (typeof engines)[number];

/** Runs what is kept, and compares (or keeps) it; returns how the process ended. */
async function play({ engine, drive, flags, resume }: Engine, run: Recorded): Promise<number | string> {
  server.reset();
  const scratch = makeScratch();
  try {
    const { after, ...what } = run;
    if (after !== undefined) {
      const before = await drive({ server, scratch, prompt: after }).ended;
      what.flags = [...flags, resume, sessionOf(before.events)];
    }
    const ended = await drive({ server, scratch, ...what }).ended;
    const file = join(folder, engine, `${run.name}.jsonl`);
    if (recording) writeFileSync(file, sanitize(ended.stdout, scratch));
    expect(shapeOf(ended.events), ended.stderr).toEqual(shapeOf(readEvents(readFileSync(file, 'utf8'))));
    return endOf(ended);
  } finally {
    scratch.remove();
  }
}

const engines = [
  { engine: 'claude-code', drive: driveClaude, flags: claudeFlags, resume: '--resume', runs: claudeRuns },
  { engine: 'codex', drive: driveCodex, flags: codexFlags, resume: 'resume', runs: codexRuns },
  {
    engine: 'opencode',
    drive: driveOpencode,
    flags: opencodeFlags,
    resume: '--session',
    runs: opencodeRuns,
    soaked: true,
  },
  {
    engine: 'gemini',
    drive: driveGemini,
    flags: geminiFlags,
    resume: '--resume',
    runs: geminiRuns,
    soaked: true,
  },
] as const;

for (const subject of engines) {
  const { engine, runs } = subject;
  const binary = engineBinary(engine);
  const file = join(folder, engine, 'ends.json');
  const left = 'soaked' in subject && !whole ? 'left to `npm run soak -- engines`' : undefined;
  const why = binary.path === undefined ? binary.reason : left;
  const title =
    binary.path === undefined || why !== undefined
      ? `${engine} (skipped: ${why})`
      : `${engine} ${binary.version}`;

  describe.skipIf(why !== undefined)(title, () => {
    const ends: Record<string, number | string> = {};
    beforeAll(() => {
      mkdirSync(join(folder, engine), { recursive: true });
      if (existsSync(file)) Object.assign(ends, JSON.parse(readFileSync(file, 'utf8')));
    });
    afterAll(() => {
      if (recording) writeFileSync(file, `${JSON.stringify(ends, null, 2)}\n`);
    });

    for (const run of runs) {
      it(`prints what is kept for ${run.name}`, async () => {
        const end = await play(subject, run);
        if (recording) ends[run.name] = end;
        expect(end).toBe(ends[run.name]);
      });
    }
  });
}

it('keeps every scenario but those that need a hand to end them', () => {
  const byHand = ['hang', 'loop', 'network', 'sleep-tool', 'stall'];
  const kept = [...claudeRuns, ...codexRuns].map(({ prompt }) => readMarker(prompt)?.name ?? 'text');
  expect([...new Set([...kept, ...byHand])].sort()).toEqual([...scenarioNames].sort());
});
