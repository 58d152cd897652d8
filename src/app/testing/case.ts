/** Runs one case of a test file, and says what went otherwise. */
import path from 'node:path';
import type { Milestone } from '../../model/event.ts';
import { partsOf } from '../../model/parts.ts';
import type { Workflow } from '../../model/workflow.ts';
import { printDiagnostics } from '../../report/squiggle.ts';
import type { TestFailure, TestResult } from '../../report/tests.ts';
import type { TestCase, TestFile } from '../../workflow/test-file.ts';
import { sharedIds } from '../../workflow/test-steps.ts';
import { lies } from '../files.ts';
import type { Place } from '../place.ts';
import type { Refusal } from '../refusal.ts';
import { start } from '../runs/start.ts';
import { writeFiles } from './answers.ts';
import { placeIn, troubleFailure, unmetFailure } from './detail.ts';
import { type Ended, unmet } from './expect.ts';
import { type Scratch, type Stead, testEnvironment } from './scratch.ts';
import { openStage, type TestStage } from './stage.ts';
import { storyOf } from './story.ts';

/** A test file that can be run: everything that it names is there. */
export interface ReadyFile {
  /** Absolute. */
  readonly path: string;
  readonly file: TestFile;
  /** Absolute path of the workflow, as it is in the project. */
  readonly workflowFile: string;
  readonly workflow: Workflow;
}

/** What running cases needs. */
export interface Runner {
  readonly place: Place;
  readonly env: NodeJS.ProcessEnv;
  readonly scratch: Scratch;
  /** Stops everything. */
  readonly signal: AbortSignal;
}

/** A longer timer of Node's fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Runs a case in a copy of its own; refused only where no copy can be made. */
export async function runCase(
  runner: Runner,
  ready: ReadyFile,
  test: TestCase,
  name: string,
): Promise<TestResult> {
  const began = performance.now();
  const { file } = ready;
  let failures: readonly TestFailure[];
  try {
    failures = await failuresOf(runner, ready, test, name);
  } finally {
    await runner.scratch.close(name);
  }
  const { path: shownPath, ...where } = placeIn(file, ['tests', test.index, 'name']);
  const stopped = runner.signal.aborted;
  return {
    ...{ file: shownPath, name: test.name, ...where },
    status: stopped ? 'skipped' : failures.length === 0 ? 'passed' : 'failed',
    'duration-ms': Math.round(performance.now() - began),
    failures: stopped ? [] : failures,
  };
}

async function failuresOf(
  runner: Runner,
  ready: ReadyFile,
  test: TestCase,
  name: string,
): Promise<readonly TestFailure[]> {
  const { file } = ready;
  const fixture =
    test.workspace === undefined ? undefined : path.resolve(path.dirname(ready.path), test.workspace);
  const here = (...way: string[]) => placeIn(file, ['tests', test.index, ...way]);
  const opened = await runner.scratch.open(name, fixture);
  if (!opened.ok) {
    const { message, help } = opened.error;
    return [
      {
        ...here(fixture === undefined ? 'name' : 'workspace'),
        message,
        ...(help === undefined ? {} : { help }),
      },
    ];
  }
  const { root } = opened.value;
  const unwritten = writeFiles(root, test.files);
  if (unwritten !== undefined) return [{ ...here('files'), message: unwritten }];
  const stage = openStage(test, root, sharedIds(ready.workflow));
  const late = AbortSignal.timeout(Math.min(test.timeoutMs, LONGEST_MS));
  const ended = await runToEnd(runner, ready, { test, stead: opened.value, stage, late, fixture });
  if (late.aborted && ended.status === 'interrupted') {
    const message = `not finished after ${test.timeoutMs / 1000} s, so it was stopped`;
    const help = 'answer what takes long under `runs`, or raise the `timeout` of the test';
    return [{ ...here('timeout'), message, help }];
  }
  const parks = test.expect['status'] === 'parked';
  const troubles = stage.troubles.filter((one) => !(parks && one.kind === 'parks'));
  return [
    ...troubles.map((one) => troubleFailure(file, test, one)),
    // What follows from a question without an answer is no news.
    ...(troubles.length > 0
      ? []
      : unmet(test, ended).map((one) => unmetFailure(file, test, one, ended.story))),
  ];
}

interface CaseRun {
  readonly test: TestCase;
  readonly stead: Stead;
  readonly stage: TestStage;
  /** Aborted when the case has taken too long. */
  readonly late: AbortSignal;
  readonly fixture: string | undefined;
}

async function runToEnd(runner: Runner, ready: ReadyFile, run: CaseRun): Promise<Ended> {
  const { test, stead, stage, late } = run;
  const { root, stateDir, home } = stead;
  const milestones: Milestone[] = [];
  const replay =
    test.replay === undefined ? {} : { replay: path.resolve(path.dirname(ready.path), test.replay) };
  const secrets = partsOf(ready.workflow).flatMap((part) =>
    part.secrets.map(({ name }) => [name, `test-secret-${name}`] as const),
  );
  const own = { ...Object.fromEntries(secrets), ...test.env, ...test.secrets };
  const ended = await start({
    workflow: workflowIn(runner.place, ready, run),
    inputs: test.inputs,
    ...{ flags: replay, cwd: root, stateDir, by: 'test', signals: false, stage },
    env: testEnvironment(runner.env, own, home),
    reporter: () =>
      Promise.resolve({
        hear: (event) => {
          if ('seq' in event) milestones.push(event);
        },
        close: () => Promise.resolve(),
      }),
    warn: () => Promise.resolve(),
    tell: () => undefined,
    signal: AbortSignal.any([runner.signal, late]),
  });
  const story = storyOf(milestones, sharedIds(ready.workflow));
  const common = { story, asked: stage.asked, root };
  if (!ended.ok) return { ...common, status: 'refused', message: words(ended.error) };
  const { end, message } = ended.value;
  return { ...common, status: end, ...(message === undefined ? {} : { message }) };
}

/** The workflow as it is in the copy; where the copy is another directory, the one of the project. */
function workflowIn({ root }: Place, { workflowFile }: ReadyFile, { stead, fixture }: CaseRun): string {
  if (fixture !== undefined || !lies(root, workflowFile)) return workflowFile;
  return path.join(stead.root, path.relative(root, workflowFile));
}

/** Without the next move: it is one at a command line that nobody has typed. */
function words({ message, diagnostics = [], sources = new Map() }: Refusal): string {
  const found = printDiagnostics(diagnostics, sources, { color: false }).trimEnd();
  return [message, found].filter(Boolean).join('\n');
}
