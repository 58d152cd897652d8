// Holds the promise: whatever moment the runner is killed at, no succeeded step is lost or run again.
import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { campaign, figureLine } from './campaign.ts';

const KILLS = Number(process.env.CODEMACHINE_KILLS || 150);
const SEED = Number(process.env.CODEMACHINE_KILL_SEED || randomInt(1, 1_000_000) * 1_000);
const PARALLEL = Number(process.env.CODEMACHINE_KILL_PARALLEL || 3);

test(`${KILLS} kills of a live run lose nothing (CODEMACHINE_KILL_SEED=${SEED})`, {
  timeout: KILLS * 10_000,
}, async () => {
  const figures = await campaign({ seed: SEED, kills: KILLS, parallel: PARALLEL });
  process.stdout.write(`seed ${SEED}: ${figureLine(figures)}\n`);
  expect(figures.live).toBeGreaterThanOrEqual(KILLS);
});
