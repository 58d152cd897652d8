// Takes runs from one state directory to another: whole, once, and not where their journal was touched.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../src/model/event.ts';
import { asStepKey, type RunId } from '../../src/model/ids.ts';
import type { Manifest } from '../../src/state/bundle-manifest.ts';
import { canonical } from '../../src/state/canonical.ts';
import { emptyHead, nextRow } from '../../src/state/milestones.ts';
import type { State } from '../../src/state/state.ts';
import { opened, scratch } from './support/place.ts';
import { milestone, record, runId } from './support/samples.ts';

const AT = '2026-11-20T15:00:00.000Z';
const RUN = runId(1);

/** A state with a run that is parked, of which an attempt has said something. */
async function parked(): Promise<State> {
  const state = await opened(path.join(scratch(), 'state'));
  state.createRun(record(RUN));
  const lease = state.acquire(RUN, { by: 'run' });
  if (!lease.ok) throw new Error('the run has an owner');
  const { commit, release } = lease.value;
  commit([{ type: 'run-started', workflow: 'w', path: 'p', sha256: 'x', inputs: {}, attempt: 1 }], AT);
  commit([milestone(1), milestone(2)], AT);
  commit([{ type: 'run-parked', reason: 'gate', resume: 'x' }], AT);
  release();
  const kept = state.openTranscript(RUN, asStepKey('a'), 1);
  kept.write('stdout.log', 'said\n');
  kept.close();
  return state;
}

const same = <T>(one: T): T => one;

/** As a bundle would bring it. */
function bring(from: State, to: State, run: RunId = RUN): Manifest {
  const packed = scratch();
  const members = from.travel.pack(run, packed, same);
  const directory = to.travel.begin(run, '/elsewhere');
  for (const { name, file } of members) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), readFileSync(file));
  }
  return { run, end: from.travel.end(run) } as Manifest;
}

function settle(to: State, manifest: Manifest): void {
  to.travel.settle({ ...to.travel.unpacked(manifest.run), workspace: '/elsewhere' }, manifest);
}

describe('a run that comes from another state directory', () => {
  it('is the same there, and nobody owns it', async () => {
    const from = await parked();
    const to = await opened(path.join(scratch(), 'state'));
    settle(to, bring(from, to));
    expect(to.history(RUN)).toEqual(from.history(RUN));
    expect(to.runRecord(RUN)).toEqual({ ...from.runRecord(RUN), workspace: '/elsewhere' });
    expect(to.verify(RUN)).toEqual({ ok: true, value: { milestones: 4 } });
    const [listed] = to.listRuns();
    expect(listed).toMatchObject({ status: 'parked', changedAt: AT, workspace: '/elsewhere' });
    expect(listed?.owner).toBeUndefined();
    expect(readdirSync(path.join(to.directory, 'runs', RUN))).toEqual(['a-ca978112.1']);
    expect(to.logs(RUN)).toEqual([]);
    expect(to.removals.begun()).toEqual([]);
  });

  it('goes on where it was, with an owner later than any before', async () => {
    const from = await parked();
    const to = await opened(path.join(scratch(), 'state'));
    settle(to, bring(from, to));
    const lease = to.acquire(RUN, { by: 'resume' });
    if (!lease.ok) throw new Error('it has an owner');
    expect(lease.value.epoch).toBe(2);
    lease.value.commit(
      [{ type: 'run-finished', status: 'succeeded', 'duration-ms': 1, usage: NO_USAGE, outputs: {} }],
      AT,
    );
    lease.value.release();
    expect(to.verify(RUN)).toEqual({ ok: true, value: { milestones: 5 } });
    const end = from.travel.end(RUN);
    expect(to.travel.known({ run: RUN, end } as Manifest)).toBe('ahead');
    expect(from.travel.known({ run: RUN, end } as Manifest)).toBe('same');
    expect(from.travel.known({ run: RUN, end: { ...end, hash: 'f'.repeat(64) } } as Manifest)).toBe('other');
    expect(from.travel.known({ run: runId(2), end } as Manifest)).toBe('not');
  });

  it('is no result that the cache takes', async () => {
    const from = await parked();
    const to = await opened(path.join(scratch(), 'state'));
    settle(to, bring(from, to));
    expect(to.cached.newest('build', asStepKey('build[1].test'))).toBeUndefined();
  });

  it('is not here before all of it is, and gone again where nobody finishes it', async () => {
    const from = await parked();
    const to = await opened(path.join(scratch(), 'state'));
    bring(from, to);
    expect(to.listRuns()).toEqual([]);
    // What gc finds after a kill.
    expect(to.removals.begun()).toEqual([{ run: RUN, workspace: '/elsewhere' }]);
    to.removals.transcripts(RUN);
    to.removals.finish(RUN);
    expect(existsSync(path.join(to.directory, 'runs', RUN))).toBe(false);
    // Who was at it all the same finds that out.
    const manifest = bring(from, to);
    to.removals.finish(RUN);
    expect(() => settle(to, manifest)).toThrow('taken away meanwhile');
    expect(to.listRuns()).toEqual([]);
    settle(to, bring(from, to));
    expect(to.travel.drop(RUN)).toBe(false);
    expect(to.listRuns()).toHaveLength(1);
  });
});

/** Edits the journal that is about to come, line by line. */
function edit(to: State, change: (lines: string[]) => readonly string[]): void {
  const file = path.join(to.directory, 'runs', RUN, '.coming', 'milestones.jsonl');
  renameSync(file, `${file}.old`);
  writeFileSync(file, `${change(readFileSync(`${file}.old`, 'utf8').trimEnd().split('\n')).join('\n')}\n`);
}

/** Hashes that are right, over something else. */
function rehashed(bodies: readonly object[]): readonly string[] {
  let head = emptyHead(RUN);
  return bodies.map((body) => {
    const row = nextRow(RUN, head, 1, AT, body as never);
    head = row;
    return canonical(row as never);
  });
}

const end = (lines: readonly string[]): Manifest['end'] => {
  const { seq, hash } = JSON.parse(lines.at(-1) ?? '') as Manifest['end'];
  return { seq, hash };
};

describe('a journal that is not as it was written', () => {
  const edits: Readonly<Record<string, (lines: string[]) => readonly string[]>> = {
    'a row edited': ([a = '', b = '', ...rest]) => [a, b.replace('line 1', 'line 7'), ...rest],
    'a hash edited': ([a = '', b = '', ...rest]) => [a, b.replace(/"hash":"./, '"hash":"g'), ...rest],
    'a row missing': ([a = '', , ...rest]) => [a, ...rest],
    'its end missing': (lines) => lines.slice(0, -1),
    'rows that changed places': ([a = '', b = '', c = '', d = '']) => [a, c, b, d],
    'a row twice': ([a = '', b = '', ...rest]) => [a, b, b, ...rest],
    'a line that is no JSON': ([a = '', ...rest]) => [a, '{', ...rest],
    'a row without a body': ([a = '', b = '', ...rest]) => [
      a,
      b.replace(/"body":"(?:[^"\\]|\\.)*",/, ''),
      ...rest,
    ],
    'a time that is none': ([a = '', b = '', ...rest]) => [
      a,
      b.replace(/"at":"[^"]*"/, '"at":"soon"'),
      ...rest,
    ],
  };
  it.each(Object.keys(edits))('is not taken: %s', async (what) => {
    const from = await parked();
    const to = await opened(path.join(scratch(), 'state'));
    const manifest = bring(from, to);
    edit(to, edits[what] ?? same);
    expect(() => settle(to, manifest)).toThrow(/journal|milestone/);
    expect(to.listRuns()).toEqual([]);
    expect(to.travel.drop(RUN)).toBe(true);
    expect(readdirSync(path.join(to.directory, 'runs'))).toEqual([]);
    expect(to.removals.begun()).toEqual([]);
  });

  const made: Readonly<Record<string, readonly object[]>> = {
    'a milestone that says whose it is': [{ type: 'run-started', run: 'x' }],
    'nothing that begins a run': [{ type: 'no-such-thing' }],
  };
  it.each(Object.keys(made))('is not taken with right hashes either: %s', async (what) => {
    const from = await parked();
    const to = await opened(path.join(scratch(), 'state'));
    const manifest = bring(from, to);
    const lines = rehashed(made[what] ?? []);
    edit(to, () => lines);
    expect(() => settle(to, { ...manifest, end: end(lines) })).toThrow(/milestone 1|makes no sense/);
    expect(to.listRuns()).toEqual([]);
  });
});
