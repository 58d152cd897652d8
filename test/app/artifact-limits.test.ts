// Holds what one attempt may leave to its limits, and its end to being asked for.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { keeping, MOST_ARTIFACTS } from '../../src/app/attempts/artifacts.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import type { Outcome, RunJob } from '../../src/model/ports.ts';

const HEAR = { chatter: () => undefined, session: () => undefined };

function root(): string {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'codemachine-limits-')));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** An attempt that ends well in a tree as it is; everything is kept as if it held one byte. */
function attempt(
  place: string,
  artifacts: readonly string[],
  hard = new AbortController(),
): Promise<Outcome> {
  const state = { keepArtifact: () => Promise.resolve({ sha256: 'aa', bytes: 1 }) };
  const job: RunJob = {
    ...{
      kind: 'run',
      run: asRunId('r'),
      step: asStepKey('s'),
      attempt: 1,
      cwd: '',
      env: {},
      secretNames: [],
    },
    ...{ script: '', outputs: {}, artifacts },
  };
  const made = keeping({ state, root: place, stateDir: path.join(place, 'state') }, () =>
    Promise.resolve({ ok: true, values: { stdout: 'said' } }),
  );
  return made(job, HEAR, { soft: hard.signal, hard: hard.signal });
}

describe('limits', () => {
  it('are 10,000 files', async () => {
    const place = root();
    mkdirSync(path.join(place, 'out'));
    for (let i = 0; i <= MOST_ARTIFACTS.files; i++) writeFileSync(path.join(place, 'out', `${i}`), '');
    expect(await attempt(place, ['out/*'])).toMatchObject({
      ok: false,
      values: { stdout: 'said' },
      failure: {
        reason: 'artifacts',
        message: 'artifacts: 10,001 files fit, and more than 10,000 files are not kept',
      },
    });
  });

  it('are 1 GiB together', async () => {
    const place = root();
    for (const name of ['a', 'b']) {
      writeFileSync(path.join(place, name), '');
      truncateSync(path.join(place, name), MOST_ARTIFACTS.bytes / 2);
    }
    expect(await attempt(place, ['*'])).toMatchObject({ ok: true });
    truncateSync(path.join(place, 'b'), MOST_ARTIFACTS.bytes / 2 + 1);
    expect(await attempt(place, ['*'])).toMatchObject({
      failure: {
        reason: 'artifacts',
        message: 'artifacts: the files are larger than 1 GiB together, and more is not kept',
      },
    });
  });

  it('are not waited for when the run has to end at once', async () => {
    const place = root();
    writeFileSync(path.join(place, 'a'), '');
    const stop = new AbortController();
    stop.abort('interrupt');
    expect(await attempt(place, ['a'], stop)).toMatchObject({
      ok: false,
      failure: { reason: 'interrupted' },
    });
  });
});
