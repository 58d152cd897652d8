/** Starts children that own runs, and talks with them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { compiled } from '../../support/ts.ts';

/** What a child can be told. */
export type Command =
  | { readonly do: 'open'; readonly dir: string; readonly version?: string }
  | { readonly do: 'create' | 'verify'; readonly run: string }
  | { readonly do: 'acquire'; readonly run: string; readonly alone?: boolean }
  | { readonly do: 'commit'; readonly count: number }
  | { readonly do: 'commit-forever' | 'release' };

/** What it answers; which fields depends on the command. */
export interface Answer {
  readonly driver?: string;
  readonly created?: boolean;
  readonly epoch?: number;
  readonly pid?: number;
  readonly run?: string;
  readonly seq?: number;
  readonly milestones?: number;
  readonly error?: string;
  readonly kind?: string;
}

/** A child under control. */
export interface Child {
  readonly pid: number;
  /** Sends a command and gives the answer. */
  tell(command: Command): Promise<Answer>;
  /** The next line it says; undefined after the last. */
  next(): Promise<Answer | undefined>;
  /** Ends it without a chance to clean up; resolves when the system has forgotten it. */
  kill(): Promise<void>;
}

/** How a child is started. */
export interface ChildOptions {
  /** The Node binary; the running one if not said. */
  readonly node?: string;
  /** A command that starts the rest of its arguments, before Node. */
  readonly through?: readonly string[];
  readonly uid?: number;
}

/** Starts a child. */
export async function startOwner(options: ChildOptions = {}): Promise<Child> {
  const script = await compiled(path.join(import.meta.dirname, 'owner.ts'));
  const [command = '', ...rest] = [...(options.through ?? []), options.node ?? process.execPath, script];
  const { PATH, HOME } = process.env;
  const child: ChildProcess = spawn(command, rest, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH, HOME },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async (): Promise<Answer | undefined> => {
    const line = await lines.next();
    return line.done === true ? undefined : (JSON.parse(line.value) as Answer);
  };
  return {
    pid: child.pid!,
    tell: async (command_) => {
      child.stdin!.write(`${JSON.stringify(command_)}\n`);
      const answer = await next();
      if (answer === undefined) throw new Error(`the child ended at ${JSON.stringify(command_)}`);
      return answer;
    },
    next,
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
