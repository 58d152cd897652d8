// Nothing that others say speaks to the runner of GitHub Actions, whichever way it comes out.
import { describe, expect, it } from 'vitest';
import { harmless } from '../../src/app/print.ts';
import { diagnose } from '../../src/model/diagnostic.ts';
import type { Event, Milestone } from '../../src/model/event.ts';
import { annotations } from '../../src/report/annotations.ts';
import { watch } from '../../src/report/changes.ts';
import { githubReporter } from '../../src/report/github.ts';
import { githubOutputs, outputLines } from '../../src/report/github-outputs.ts';
import { jobSummary } from '../../src/report/job-summary.ts';
import { jsonlReporter } from '../../src/report/jsonl.ts';
import { isChatter } from '../../src/report/plain.ts';
import { printDiagnostics } from '../../src/report/squiggle.ts';
import { githubRunner, readKeyValues } from '../support/github-runner.ts';
import { CANARY, PAYLOADS } from '../support/runner-payloads.ts';
import { memory, planOf } from './support/screen.ts';
import { inWords, STORIES } from './support/told.ts';

const milestones = (events: readonly Event[]) =>
  events.filter((event): event is Milestone => !isChatter(event));

/** The commands that a runner obeys in a text, without what they are about. */
function obeyed(text: string): readonly string[] {
  const runner = githubRunner();
  runner.read(text);
  for (const { properties } of runner.commands)
    for (const [key, value] of Object.entries(properties))
      if (key !== 'title') expect(`${key}=${value}`).not.toContain(CANARY);
  return runner.commands.map(({ name, properties }) => `${name} ${Object.keys(properties).join(' ')}`);
}

async function logOf(events: readonly Event[], color = false): Promise<string> {
  const out = memory();
  const placeOf = () => ({ file: 'w.yml', line: 3 });
  const reporter = githubReporter({ out, color, verbose: true, plan: planOf(['a', 'b']), placeOf });
  for (const event of events) reporter.hear(event);
  await reporter.close();
  return out.text();
}

const known = new Map<number, readonly string[]>();

/** The commands of ours in the log of a story, whatever words it is told with. */
async function expected(index: number): Promise<readonly string[]> {
  const commands = known.get(index) ?? obeyed(await logOf(inWords('fine', STORIES[index] ?? [])));
  known.set(index, commands);
  return commands;
}

it('is tried with sixty payloads and more', () => {
  expect(new Set(PAYLOADS).size).toBe(PAYLOADS.length);
  expect(PAYLOADS.length).toBeGreaterThanOrEqual(60);
});

it('is tried on a runner that obeys them where nobody takes them apart', () => {
  const runner = githubRunner();
  for (const payload of PAYLOADS) {
    runner.read(`${payload}\n`);
    runner.read('::forged::\n');
  }
  expect(runner.commands.length).toBeGreaterThan(30);
  expect(new Set(runner.commands.map(({ name }) => name)).size).toBeGreaterThan(12);
});

describe.each(PAYLOADS.map((payload) => [JSON.stringify(payload), payload] as const))('%s', (_, payload) => {
  it('is no command in the log of a run, whoever says it', async () => {
    for (const [index, story] of STORIES.entries()) {
      // Colours make no difference to what is said, so one story is shown with them as well.
      for (const color of index === 0 ? [false, true] : [false]) {
        const log = await logOf(inWords(payload, story), color);
        expect(obeyed(log)).toEqual(await expected(index));
        expect(log.replace(/\x1b\[[\d;]*m/g, '')).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      }
    }
  });

  it('is no command in an event, a diagnostic, or what a command prints', async () => {
    const out = memory();
    const reporter = jsonlReporter(out);
    for (const event of inWords(payload, STORIES.flat())) reporter.hear(event);
    await reporter.close();
    expect(obeyed(out.text())).toEqual([]);
    const file = `${payload}.yml`;
    const wrong = diagnose(
      'unknown-key',
      file,
      { start: 0, end: 3 },
      { key: payload, owner: 'a step', known: [] },
    );
    const sources = new Map([[file, `${payload}: 1\n`]]);
    const noted = annotations([wrong], sources, (shown) => shown.replaceAll(CANARY, 'x'));
    expect(obeyed(noted)).toEqual([
      expect.stringMatching(/^error file line (col endColumn )?endLine title$/),
    ]);
    const env = { GITHUB_ACTIONS: 'true' };
    const printed = printDiagnostics([wrong], sources, { color: false });
    for (const text of [printed, payload, `a\n${payload}\n`])
      expect(obeyed(harmless(text, {} as NodeJS.WriteStream, env))).toEqual([]);
  });

  it('is plain text in a job summary', () => {
    for (const story of STORIES) {
      const { progress, changes } = watch(milestones(inWords(payload, story)));
      const told = { plan: planOf(['a']), changes, stat: `${payload} | 3 +++\n` };
      const text = jobSummary(progress, told);
      const rest = text.replace(/<(code|pre)>[^<]*<\/\1>/g, '');
      expect(rest).not.toContain(CANARY);
      expect(rest.replace(/<\/?(h3|h4|p|b|br|table|tr|th|td|summary|details( open)?)>/g, '')).not.toMatch(
        /[<>[\]`]/,
      );
    }
  });

  it('is a value among the outputs', () => {
    const { progress } = watch(milestones(inWords(payload, STORIES.flat())));
    const outputs = githubOutputs({ ...progress, outputs: { [payload]: payload } }, undefined);
    expect(JSON.parse(outputs.outputs)).toEqual({ [payload]: payload });
    let turn = 0;
    const lines = outputLines({ ...outputs, 'cost-usd': payload }, () => String(turn++));
    expect(readKeyValues(`left open${lines}`.replace('left open', ''))).toEqual({
      ...outputs,
      'cost-usd': payload,
    });
  });
});
