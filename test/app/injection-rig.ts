// Gives the tests of injection a project, a place for canaries, and a table of what was tried where.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { projectWith } from '../commands/project.ts';
import { type CliEnd, cli } from '../support/cli.ts';
import { canaries, naughtyStrings, payloads } from '../support/payloads.ts';
import type { Project } from '../support/repository.ts';
import { runs } from '../support/seed.ts';

/** A project in which nothing of data may happen. */
export interface Place {
  readonly project: Project;
  /** Where steps write what reached them. */
  readonly out: string;
  /**
   * The texts for a sink; `few` where each costs a process or more. A soak takes all, and the naughty strings too. A text with NUL
   * reaches no program, and is not among them.
   */
  texts(sink: string, few?: 'few'): readonly string[];
  /** Those that a file of the checkout could be called; their canaries would lie where they are obeyed. */
  names(sink: string): readonly string[];
  /** Runs a command line with `OUT` in its environment; nothing ends by a signal or as a defect. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliEnd>;
  /** Writes a file of inputs outside of the checkout; gives its path. */
  inputs(values: object): string;
  /** What reached a step under this name, as bytes. */
  reached(name: string): Buffer | undefined;
  /** Holds that no canary was made in checkout, home, temporary directory or where payloads point; counts the pairs. */
  nothingRan(sink: string, count: number): void;
}

/** Whether all is tried that there is. */
const soaks = runs(1).numRuns > 1;

const OWN = ['', '.', '..', '.git', '.codemachine'];

const isName = (text: string): boolean => !OWN.includes(text) && Buffer.byteLength(text) < 200;

/** How many payloads each sink was given. */
export const pairs: Record<string, number> = {};

/** How many texts each sink is to be given, but where each text costs a process of ours. */
const ENOUGH = 500;

/** One mapping of a file may have not many more keys. */
const MOST = 990;

/** Prints what was tried, and holds that it was enough; to be called when all tests of a file have ended. */
export function enoughTried(): void {
  process.stdout.write(`texts by sink: ${JSON.stringify(pairs)}\n`);
  expect(
    Object.entries(pairs).filter(([sink, count]) => count < ENOUGH && !/, (?:one|each) /.test(sink)),
  ).toEqual([]);
}

/** Makes the place for workflows by name. */
export function injectionPlace(
  workflows: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Place {
  const project = projectWith(workflows, files);
  const [out, canary] = ['out', 'c'].map((name) => path.join(project.base, name)) as [string, string];
  for (const directory of [out, canary]) mkdirSync(directory);
  return {
    project,
    out,
    texts: (sink, few) =>
      [
        ...new Set([
          ...payloads(canary, sink, few !== undefined && !soaks),
          ...(soaks ? naughtyStrings : []),
        ]),
      ].slice(0, MOST),
    names: (sink) => [
      ...new Set(
        payloads('', sink)
          .map((text) => text.replaceAll('/', ''))
          .filter(isName),
      ),
    ],
    async run(args, env = {}) {
      const end = await cli(project, args, { env: { OUT: out, ...env } });
      expect(end.signal).toBe(null);
      expect([0, 1, 2, 3, 4], end.stderr.slice(-2000)).toContain(end.code);
      return end;
    },
    inputs(values) {
      const file = path.join(project.base, 'inputs.json');
      writeFileSync(file, JSON.stringify(values));
      return file;
    },
    reached(name) {
      try {
        return readFileSync(path.join(out, name));
      } catch {
        return undefined;
      }
    },
    nothingRan(sink, count) {
      expect(canaries(project.base), sink).toEqual([]);
      pairs[sink] = (pairs[sink] ?? 0) + count;
    },
  };
}

/** Holds that the same bytes arrived, text by text: what differs is shown, not all of it. */
export function same(arrived: readonly (Buffer | string | undefined)[], texts: readonly string[]): void {
  const wrong = texts.flatMap((text, i) => {
    const bytes = arrived[i] === undefined ? undefined : Buffer.from(arrived[i]).toString('hex');
    return bytes === Buffer.from(text).toString('hex') ? [] : [[text, arrived[i]?.toString()]];
  });
  expect(wrong).toEqual([]);
  expect(arrived.length).toBe(texts.length);
}
