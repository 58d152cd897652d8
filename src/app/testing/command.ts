/** Does what `codemachine test` says. */
import os from 'node:os';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { globProblem } from '../../plan/glob-problem.ts';
import { matches } from '../../plan/selection.ts';
import { type TestResult, testsJson, testText, totalsOf, totalsText } from '../../report/tests.ts';
import type { TestCase } from '../../workflow/test-file.ts';
import { keepJunit, whyUnwritten } from '../junit-file.ts';
import { locate } from '../place.ts';
import { colorOn, harmless, printRefusal } from '../print.ts';
import { answer } from '../programs.ts';
import { tell } from '../runs/present.ts';
import { type ReadyFile, type Runner, runCase } from './case.ts';
import { placeIn } from './detail.ts';
import { readTestFiles, testFilesOf } from './files.ts';
import { openScratch } from './scratch.ts';

/** How `test --format` prints. */
export const TEST_FORMATS = ['text', 'json', 'junit'] as const;
export type TestFormat = (typeof TEST_FORMATS)[number];

/** What the flags say. */
export interface TestHow {
  readonly format: TestFormat;
  /** A file that JUnit XML is written to besides. */
  readonly junit: string | undefined;
  /** Globs over the names of cases; undefined for all. */
  readonly only: readonly string[] | undefined;
  readonly failFast: boolean;
  /** How many cases run at once; as many as there are processors, at most 4. */
  readonly jobs: number | undefined;
}

interface Chosen {
  readonly ready: ReadyFile;
  readonly test: TestCase;
}

/** `codemachine test`: exit code 1 when a test failed, 2 when nothing could be run. */
export async function testCommand(names: readonly string[], how: TestHow): Promise<ExitCode> {
  const place = locate({}, process.env);
  for (const glob of how.only ?? []) {
    const problem = globProblem(glob);
    if (problem !== undefined) return printRefusal({ message: `--only ${glob}: ${problem}` });
  }
  const unwritten = how.junit === undefined ? undefined : whyUnwritten(how.junit);
  if (unwritten !== undefined) return printRefusal({ message: unwritten });
  const files = testFilesOf(place, names);
  if (!files.ok) return printRefusal(files.error);
  const ready = await readTestFiles(place, files.value, process.env);
  if (!ready.ok) return printRefusal(ready.error);
  const all = ready.value.flatMap((one) => one.file.cases.map((test): Chosen => ({ ready: one, test })));
  const chosen = all.filter(({ test }) => how.only === undefined || fits(test.name, how.only));
  if (chosen.length === 0) {
    const some = all.slice(0, 5).map(({ test }) => `\`${test.name}\``);
    const message = `--only ${(how.only ?? []).join(' ')} fits no test`;
    return printRefusal({ message, help: `there are ${some.join(', ')}${all.length > 5 ? ', …' : ''}` });
  }
  const scratch = openScratch(place, process.env);
  const stopping = listen(() => scratch.clear());
  try {
    return await runAll({ place, env: process.env, scratch, signal: stopping.signal }, chosen, how, stopping);
  } finally {
    stopping.close();
    scratch.clear();
  }
}

/** A slash in a name is no directory. */
function fits(name: string, globs: readonly string[]): boolean {
  return matches(
    name.replaceAll('/', ' '),
    globs.map((glob) => glob.replaceAll('/', ' ')),
  );
}

async function runAll(
  runner: Runner,
  chosen: readonly Chosen[],
  how: TestHow,
  stopping: Stopping,
): Promise<ExitCode> {
  const [began, at] = [performance.now(), new Date().toISOString()];
  const results: TestResult[] = chosen.map(skipped);
  const show = shower(how);
  const jobs = how.jobs ?? Math.min(4, os.availableParallelism());
  let next = 0;
  let failed = false;
  const done = new Set<number>();
  let told = 0;
  const work = async (): Promise<void> => {
    while (next < chosen.length) {
      const index = next++;
      const one = chosen[index];
      if (one === undefined) return;
      const stop = runner.signal.aborted || (failed && how.failFast);
      if (!stop) results[index] = await runCase(runner, one.ready, one.test, `case-${index}`);
      failed ||= results[index]?.status === 'failed';
      done.add(index);
      // In the order of the files, whoever is ready first.
      for (; done.has(told); told++) show(results[told]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, chosen.length) }, work));
  const totals = totalsOf(results, performance.now() - began);
  const xml = async (): Promise<string> => (await import('../../report/junit.ts')).junit(results, totals, at);
  const unwritten = how.junit === undefined ? undefined : keepJunit(how.junit, await xml());
  if (how.format === 'text') say(totalsText(totals, colorOn(process.stdout, process.env)));
  else if (how.format === 'json') answer(testsJson(results, totals));
  else say(await xml());
  if (unwritten !== undefined) return printRefusal({ message: unwritten });
  return stopping.exit() ?? (failed ? EXIT.failed : EXIT.succeeded);
}

function skipped({ ready, test }: Chosen): TestResult {
  const { path: file, ...where } = placeIn(ready.file, ['tests', test.index, 'name']);
  return { file, name: test.name, ...where, status: 'skipped', 'duration-ms': 0, failures: [] };
}

function shower({ format }: TestHow): (result: TestResult | undefined) => void {
  if (format !== 'text') return () => undefined;
  const color = colorOn(process.stdout, process.env);
  return (result) => {
    if (result !== undefined) say(testText(result, color));
  };
}

function say(text: string): void {
  process.stdout.write(harmless(text, process.stdout, process.env));
}

/** Ctrl-C, and what it comes to. */
interface Stopping {
  readonly signal: AbortSignal;
  /** The exit code of whom a signal ended. */
  exit(): ExitCode | undefined;
  close(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal lets what runs come to its end as in any run; after the second nothing is waited for. */
function listen(clear: () => void): Stopping {
  const stop = new AbortController();
  let first: NodeJS.Signals | undefined;
  const exit = (): ExitCode | undefined => {
    if (first === undefined) return undefined;
    return first === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
  };
  const heard = (signal: NodeJS.Signals): void => {
    if (first !== undefined) {
      clear();
      // What the runs have started ends with us.
      process.exit(exit());
    }
    first = signal;
    tell(`${signal}: stopping; what runs is given 10 seconds to end. Once more to stop at once.`);
    stop.abort(new Error(signal));
  };
  for (const signal of SIGNALS) process.on(signal, heard);
  return {
    signal: stop.signal,
    exit,
    close: () => {
      for (const signal of SIGNALS) process.off(signal, heard);
    },
  };
}
