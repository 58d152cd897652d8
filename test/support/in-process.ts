// Runs the built program in this process, as somebody at a terminal or in a step of GitHub Actions would see it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import type { Commands } from '../../src/cli.ts';
import type { Project } from './repository.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** What was printed, in the order in which it was, and with which exit code it ended. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams. */
  readonly text: string;
  readonly code: number;
}

/** Where it is run. */
export interface Seat {
  readonly env: Readonly<Record<string, string>>;
  /** Whether both streams are a terminal. */
  readonly isTTY: boolean;
}

interface Program {
  main(argv: readonly string[], root: URL, commands: Commands): Promise<void>;
  readonly commands: Commands;
}

class Exited extends Error {}

let loaded: Program | undefined;

/** As `bin/codemachine.js` does: the bundle is one function. */
function load(): Program {
  const bundle = path.join(ROOT, 'dist/program.cjs');
  const module = { exports: {} };
  const wrapped = new Script(readFileSync(bundle, 'latin1'), { filename: bundle }).runInThisContext() as (
    ...given: readonly unknown[]
  ) => void;
  wrapped(createRequire(bundle), module, module.exports, pathToFileURL(bundle).href);
  return module.exports as Program;
}

/** One at a time: directory, environment and streams are those of the process. */
export async function inProcess(project: Project, words: readonly string[], seat: Seat): Promise<Printed> {
  loaded ??= load();
  const { main, commands } = loaded;
  const parts: [stream: 'stdout' | 'stderr', text: string][] = [];
  const back = [
    stand(process, 'env', { ...project.environ, ...seat.env }),
    stand(process, 'exit', () => {
      throw new Exited();
    }),
    stand(process, 'argv', [process.execPath, path.join(ROOT, 'bin/codemachine.js'), ...words]),
    // The console of a test is not that of the process.
    stand(console, 'error', (text: unknown) => void parts.push(['stderr', `${String(text)}\n`])),
    ...(['stdout', 'stderr'] as const).flatMap((name) => [
      stand(process[name], 'isTTY', seat.isTTY),
      stand(process[name], 'write', (chunk: string | Uint8Array, ...rest: readonly unknown[]) => {
        parts.push([name, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()]);
        const done = rest.at(-1);
        if (typeof done === 'function') queueMicrotask(() => (done as () => void)());
        return true;
      }),
    ]),
  ];
  const [directory, code] = [process.cwd(), process.exitCode];
  process.chdir(project.root);
  process.exitCode = 0;
  try {
    await main(words, pathToFileURL(`${ROOT}/`), commands).catch((error: unknown) => {
      if (!(error instanceof Exited)) throw error;
    });
    const of = (name: string): string =>
      parts
        .filter(([stream]) => stream === name)
        .map(([, text]) => text)
        .join('');
    const text = parts.map(([, one]) => one).join('');
    return { stdout: of('stdout'), stderr: of('stderr'), text, code: Number(process.exitCode) };
  } finally {
    process.chdir(directory);
    process.exitCode = code;
    for (const put of back.reverse()) put();
  }
}

/** Puts something in the place of a property; gives what puts it back. */
function stand(of: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(of, name);
  Object.defineProperty(of, name, { value, configurable: true, writable: true, enumerable: true });
  return () => {
    if (before === undefined) delete (of as Record<string, unknown>)[name];
    else Object.defineProperty(of, name, before);
  };
}
