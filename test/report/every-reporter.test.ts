// Nothing that others say is obeyed, whichever way a run is shown.
import { expect, it } from 'vitest';
import { CLOCK } from '../../src/app/clock.ts';
import type { ReporterName } from '../../src/report/choose.ts';
import { openReporter, type ReporterOptions } from '../../src/report/report.ts';
import { githubRunner } from '../support/github-runner.ts';
import { PAYLOADS } from '../support/runner-payloads.ts';
import { acts } from '../support/terminal-judge.ts';
import { memory, planOf } from './support/screen.ts';
import { inWords, STORIES } from './support/told.ts';

/** Where each of them is chosen; one without a line here does not compile. */
const SEATS: Readonly<
  Record<ReporterName, Pick<ReporterOptions, 'json' | 'env'> & { readonly isTTY: boolean }>
> = {
  github: { json: false, env: { GITHUB_ACTIONS: 'true' }, isTTY: false },
  jsonl: { json: true, env: { TERM: 'xterm' }, isTTY: true },
  live: { json: false, env: { TERM: 'xterm' }, isTTY: true },
  plain: { json: false, env: { TERM: 'xterm', CI: 'true' }, isTTY: true },
};

async function told(name: ReporterName, words: string): Promise<string> {
  const { isTTY, ...seat } = SEATS[name];
  const all: string[] = [];
  for (const story of STORIES) {
    const out = { ...memory(), columns: 100, rows: 40, isTTY };
    const reporter = await openReporter({
      ...{ ...seat, out, color: true, verbose: true, plan: planOf(['a', 'b']), clock: CLOCK },
    });
    for (const event of inWords(words, story)) reporter.hear(event);
    await reporter.close();
    all.push(out.text());
  }
  return all.join('\n');
}

/** What is done, without how far. */
const kinds = (text: string): ReadonlySet<string> =>
  new Set(
    acts(text).map((act) => /^\x1b\[[?\d;]*[A-Za-z]|^./s.exec(act)?.[0].replace(/[1-9]\d*/, 'n') ?? ''),
  );

it.each(Object.keys(SEATS) as ReporterName[])('%s', async (name) => {
  const text = await told(name, PAYLOADS.join('\n'));
  expect(text).toContain('forged');
  // The live view draws over itself, and does that whatever is said.
  const own = name === 'live' ? kinds(await told(name, 'fine')) : new Set<string>();
  expect([...kinds(text)].filter((kind) => !own.has(kind))).toEqual([]);
  const runner = githubRunner();
  if (name === 'github' || name === 'jsonl') runner.read(text);
  const foreign = runner.commands.filter(
    ({ data, properties }) => data.startsWith('forged') && !('title' in properties),
  );
  expect(foreign).toEqual([]);
});
