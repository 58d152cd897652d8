// Holds the promise: whatever moment the runner is killed at, no succeeded step is lost or run again.
import { expect, test } from 'vitest';
import { campaign, figureLine } from './campaign.ts';

const KILLS = Number(process.env.CODEMACHINE_KILLS || 150);
// Drawn anew only by `npm run soak`: what a change breaks must not depend on the day it is tested.
const SEED = Number(process.env.CODEMACHINE_KILL_SEED || 20_261_120);
const PARALLEL = Number(process.env.CODEMACHINE_KILL_PARALLEL || 3);

test(`${KILLS} kills of a live run lose nothing (CODEMACHINE_KILL_SEED=${SEED})`, {
  timeout: KILLS * 10_000,
}, async () => {
  const figures = await campaign({ seed: SEED, kills: KILLS, parallel: PARALLEL });
  process.stdout.write(`seed ${SEED}: ${figureLine(figures)}\n`);
  expect(figures.live).toBeGreaterThanOrEqual(KILLS);
  expect(figures.wide.hosted).toBeGreaterThan(figures.wide.begun / 5);
});
