/** What people see of a run: events in a file beside the screen they make. `vitest -u` writes the screens anew. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Event, HeardChatter, Milestone } from '../../src/model/event.ts';
import { asStepKey, type StepKey } from '../../src/model/ids.ts';
import { watch } from '../../src/report/changes.ts';
import { githubReporter } from '../../src/report/github.ts';
import { liveRows } from '../../src/report/live-rows.ts';
import { painter } from '../../src/report/paint.ts';
import { isChatter, plainReporter } from '../../src/report/plain.ts';
import { memory, planOf } from './support/screen.ts';

/** The first line of a file: how its events are shown. */
interface Header {
  readonly view?: 'plain' | 'live' | 'github';
  readonly plan?: readonly string[];
  readonly mayFail?: readonly string[];
  readonly color?: boolean;
  readonly verbose?: boolean;
  /** How many of the events happened before this process. */
  readonly history?: number;
}

const folder = path.join(import.meta.dirname, 'screens');

it.each(readdirSync(folder).filter((name) => name.endsWith('.jsonl')))('%s', async (name) => {
  const [first = '', ...lines] = readFileSync(path.join(folder, name), 'utf8').trimEnd().split('\n');
  const header = JSON.parse(first) as Header;
  const events = lines.map((line) => JSON.parse(line) as Event);
  const screen = header.view === 'live' ? liveScreen(header, events) : await plainScreen(header, events);
  // Escapes are spelled out, so that a difference can be read.
  const visible = screen.replace(
    /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b]/g,
    (c) => `<${c.charCodeAt(0).toString(16)}>`,
  );
  await expect(visible).toMatchFileSnapshot(path.join(folder, name.replace('.jsonl', '.txt')));
});

async function plainScreen(header: Header, events: readonly Event[]): Promise<string> {
  const { color = false, verbose = false, view } = header;
  const out = memory();
  const before = events
    .slice(0, header.history ?? 0)
    .filter((event): event is Milestone => !isChatter(event));
  const plan = planOf(header.plan, header.mayFail);
  const open = view === 'github' ? githubReporter : plainReporter;
  const reporter = open({ out, color, verbose, plan, history: before });
  for (const event of events.slice(header.history ?? 0)) reporter.hear(event);
  await reporter.close();
  return out.text();
}

function liveScreen(header: Header, events: readonly Event[]): string {
  const run = watch(events.filter((event): event is Milestone => !isChatter(event)));
  const newest = new Map<StepKey, HeardChatter>();
  for (const event of events) if (isChatter(event)) newest.set(asStepKey(event.step), event);
  const now = Date.parse(events.at(-1)?.at ?? '2026-11-20T14:15:03.000Z') + 1000;
  const rows = liveRows(run.progress, {
    plan: planOf(header.plan, header.mayFail),
    newest,
    paint: painter(header.color ?? false),
    now,
    spinner: '*',
    room: 22,
  });
  return `${rows.join('\n')}\n`;
}
