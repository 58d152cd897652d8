// The kept event streams are what the pinned engines really print.
//
// `RECORD_STREAMS=1` writes them anew, after a pin has moved.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Drive, type Driven, driveClaude, driveCodex, makeScratch } from '../support/drive.ts';
import { engineBinary, type PinnedEngine } from '../support/engines.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { claudeRuns, codexRuns, endOf, type Recorded, readEvents, sanitize, shapeOf } from './streams.ts';

const recording = process.env.RECORD_STREAMS === '1';
const folder = new URL('../engines/streams/', import.meta.url).pathname;

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.close());

/** Runs what is kept, and compares (or keeps) it; returns how the process ended. */
async function play(
  drive: (what: Drive) => Driven,
  engine: PinnedEngine,
  run: Recorded,
): Promise<number | string> {
  const scratch = makeScratch();
  try {
    const ended = await drive({ server, scratch, ...run }).ended;
    const file = join(folder, engine, `${run.name}.jsonl`);
    if (recording) writeFileSync(file, sanitize(ended.stdout, scratch));
    expect(shapeOf(ended.events), ended.stderr).toEqual(shapeOf(readEvents(readFileSync(file, 'utf8'))));
    return endOf(ended);
  } finally {
    scratch.remove();
  }
}

const engines = [
  { engine: 'claude-code', drive: driveClaude, runs: claudeRuns },
  { engine: 'codex', drive: driveCodex, runs: codexRuns },
] as const;

for (const { engine, drive, runs } of engines) {
  const binary = engineBinary(engine);
  const file = join(folder, engine, 'ends.json');
  const title =
    binary.path === undefined ? `${engine} (skipped: ${binary.reason})` : `${engine} ${binary.version}`;

  describe.skipIf(binary.path === undefined)(title, () => {
    const ends: Record<string, number | string> = {};
    beforeAll(() => {
      mkdirSync(join(folder, engine), { recursive: true });
      if (!recording) Object.assign(ends, JSON.parse(readFileSync(file, 'utf8')));
    });
    afterAll(() => {
      if (recording) writeFileSync(file, `${JSON.stringify(ends, null, 2)}\n`);
    });

    for (const run of runs) {
      it(`prints what is kept for ${run.name}`, async () => {
        const end = await play(drive, engine, run);
        if (recording) ends[run.name] = end;
        expect(end).toBe(ends[run.name]);
      });
    }
  });
}
