// Does what a page tells its reader to do, from top to bottom, in a home that is empty at first.
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { PROGRAM } from '../support/cli.ts';
import { inMemory } from '../support/in-memory.ts';
import { type Snippet, snippetsOf } from './snippets.ts';
import { shownOf } from './steady.ts';

/** What became of one block. */
export interface Told {
  readonly snippet: Snippet;
  /** Of a screen: what was there to be seen. */
  readonly screen?: string;
  /** Of commands that ended otherwise than the page says: how. */
  readonly fault?: string;
}

interface End {
  readonly code: number | string | null;
  readonly output: string;
}

/** The value of a word like `exit=3` behind the fence. */
export function wordOf({ words }: Snippet, name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Whether the block is a command that readers are to type, or a file that they are to write. */
export const isDone = (snippet: Snippet): boolean =>
  wordOf(snippet, 'file') !== undefined || snippet.words.includes('run');

/** Whether the block is the screen of the commands right above it. */
export function isScreen(snippet: Snippet, before: Snippet | undefined): boolean {
  return snippet.language === 'text' && before?.language === 'sh' && before.words.includes('run');
}

/** Does what a page says, block by block. */
export async function tell(file: string): Promise<readonly Told[]> {
  const base = realpathSync(mkdtempSync(path.join(inMemory(), 'codemachine-story-')));
  const home = path.join(base, 'you');
  mkdirSync(path.join(base, 'bin'));
  mkdirSync(path.join(base, 'tmp'));
  mkdirSync(home);
  symlinkSync(PROGRAM, path.join(base, 'bin/codemachine'));
  const shell = shellAt(base, home);
  const told: Told[] = [];
  let last: End = { code: 0, output: '' };
  let before: Snippet | undefined;
  try {
    for (const snippet of snippetsOf(file)) {
      const name = wordOf(snippet, 'file');
      if (name !== undefined) {
        const place = path.join(shell.cwd(), name);
        mkdirSync(path.dirname(place), { recursive: true });
        writeFileSync(place, snippet.text);
        told.push({ snippet, ...(await faultIn(snippet, name, shell)) });
      } else if (snippet.words.includes('run')) {
        last = await shell.type(snippet.text, ...signalOf(snippet));
        const wanted = wordOf(snippet, 'exit') ?? (wordOf(snippet, 'kill-9') === undefined ? '0' : 'SIGKILL');
        told.push(
          String(last.code) === wanted
            ? { snippet }
            : { snippet, fault: `exit code ${last.code}, not ${wanted}: ${last.output}` },
        );
      } else if (isScreen(snippet, before))
        told.push({ snippet, screen: shownOf(snippet, last.output, home) });
      before = snippet;
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  return told;
}

/** What a workflow that was written is said to be, where that is not what the fence says: `bad <code>`, or nothing. */
async function faultIn(snippet: Snippet, name: string, shell: Shell): Promise<{ fault?: string }> {
  const [kind, code] = snippet.words;
  if (snippet.language !== 'yaml' || kind === 'config' || kind === 'test') return {};
  const { code: exit, output } = await shell.type(`codemachine validate --strict '${name}'`);
  const found = [...output.matchAll(/^(?:error|warning)\[(.*)\]/gm)].map((match) => match[1]).join();
  const fine = kind === 'bad' ? found === code : exit === 0;
  return fine ? {} : { fault: output };
}

interface Shell {
  cwd(): string;
  /** Has lines typed; the signal is for the last command, once the output holds a word. */
  type(text: string, signal?: NodeJS.Signals, at?: string): Promise<End>;
}

/** A shell that stays where it went, as that of a terminal. */
function shellAt(base: string, home: string): Shell {
  let cwd = home;
  const env = {
    PATH: `${path.join(base, 'bin')}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    TMPDIR: path.join(base, 'tmp'),
    LANG: 'C.UTF-8',
    GIT_AUTHOR_NAME: 'You',
    GIT_AUTHOR_EMAIL: 'you@example.com',
    GIT_COMMITTER_NAME: 'You',
    GIT_COMMITTER_EMAIL: 'you@example.com',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'init.defaultBranch',
    GIT_CONFIG_VALUE_0: 'main',
  };
  return {
    cwd: () => cwd,
    async type(text, signal, at) {
      const where = path.join(base, 'cwd');
      // A command that gets a signal is not the shell's child: the signal is for it alone.
      const script =
        signal === undefined
          ? `exec 2>&1\ntrap 'pwd > "${where}"' EXIT\nset -e\n${text}`
          : `exec 2>&1\nset -e\n${text.trimEnd().replace(/.*$/, 'exec $&')}`;
      const end = await started(script, { cwd, env }, signal, at);
      if (signal === undefined) cwd = readFileSync(where, 'utf8').trim();
      return end;
    },
  };
}

/** What is done to a command, and once its output holds what: `ctrl-c=…`, `kill-9=…`. */
function signalOf(snippet: Snippet): [signal?: NodeJS.Signals, at?: string] {
  const interrupted = wordOf(snippet, 'ctrl-c');
  if (interrupted !== undefined) return ['SIGINT', interrupted];
  const killed = wordOf(snippet, 'kill-9');
  return killed === undefined ? [] : ['SIGKILL', killed];
}

function started(
  script: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  signal: NodeJS.Signals | undefined,
  at = '',
): Promise<End> {
  const child = spawn('bash', ['-c', script], { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let sent = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (signal === undefined || sent || !output.includes(at)) return;
    sent = true;
    child.kill(signal);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve({ code: code ?? by, output }));
  });
}
