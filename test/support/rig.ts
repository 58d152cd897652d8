// Starts a socket that remote-controlled children connect to.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The child's program. */
const RIG_CHILD = path.join(import.meta.dirname, 'rig-child.mjs');

interface Told {
  readonly event: string;
  readonly [key: string]: unknown;
}

/** A child that waits for orders. Each order resolves when the child has carried it out. */
export interface RigChild {
  readonly name: string;
  readonly pid: number;
  print(stream: 'stdout' | 'stderr', text: string): Promise<void>;
  flood(stream: 'stdout' | 'stderr', text: string, times: number): Promise<void>;
  /** Ends it; resolves when it is gone. */
  exit(code: number): Promise<void>;
  /** From now on these signals are reported instead of obeyed. */
  catch(...signals: NodeJS.Signals[]): Promise<void>;
  /** The next signal that was caught. */
  signal(): Promise<string>;
  /** Starts another child of the same kind, which says hello on its own. */
  fork(of: { name: string; detached?: boolean; hold?: boolean; env?: Record<string, string> }): Promise<void>;
  /** Reads standard input to its end. */
  read(): Promise<string>;
  env(): Promise<Record<string, string>>;
  /** Resolves when it has ended, however that happened. */
  readonly gone: Promise<void>;
}

/** The test's end of the sockets. */
export interface Rig {
  readonly socket: string;
  /** A shell script that turns into the child. */
  script(name: string): string;
  /** The child of this name, as soon as it says hello; each is handed out once. */
  child(name: string): Promise<RigChild>;
  close(): Promise<void>;
}

/** A queue whose reader may come before the writer. */
function mailbox<T>(): { put(item: T): void; take(): Promise<T> } {
  const items: T[] = [];
  const takers: ((item: T) => void)[] = [];
  return {
    put(item) {
      const taker = takers.shift();
      if (taker === undefined) items.push(item);
      else taker(item);
    },
    take: () =>
      new Promise((resolve) => (items.length > 0 ? resolve(items.shift() as T) : takers.push(resolve))),
  };
}

/** Opens a rig in a directory of its own. */
export async function openRig(): Promise<Rig> {
  const directory = mkdtempSync(path.join(tmpdir(), 'rig-'));
  const socketPath = path.join(directory, 'socket');
  const hellos = new Map<string, ReturnType<typeof mailbox<RigChild>>>();
  const byName = (name: string) => {
    const box = hellos.get(name) ?? mailbox<RigChild>();
    hellos.set(name, box);
    return box;
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    meet(socket, (child) => byName(child.name).put(child));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socket: socketPath,
    script: (name) => `exec '${process.execPath}' '${RIG_CHILD}' '${name}' '${socketPath}'`,
    child: (name) => byName(name).take(),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function meet(socket: Socket, hello: (child: RigChild) => void): void {
  const answers = mailbox<Told>();
  const signals = mailbox<string>();
  const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => {});
  const order = (what: object): void => void socket.write(`${JSON.stringify(what)}\n`);
  const obeyed = async (what: object): Promise<Told> => {
    order(what);
    return answers.take();
  };
  createInterface({ input: socket }).on('line', (line) => {
    const told = JSON.parse(line) as Told;
    if (told.event === 'signal') signals.put(String(told.signal));
    else if (told.event !== 'hello') answers.put(told);
    else {
      hello({
        name: String(told.name),
        pid: Number(told.pid),
        gone,
        print: async (stream, text) => void (await obeyed({ do: 'print', stream, text })),
        flood: async (stream, text, times) => void (await obeyed({ do: 'flood', stream, text, times })),
        exit: (code) => {
          order({ do: 'exit', code });
          return gone;
        },
        catch: async (...caught) => void (await obeyed({ do: 'catch', signals: caught })),
        signal: () => signals.take(),
        fork: async (of) => void (await obeyed({ do: 'fork', ...of })),
        read: async () => String((await obeyed({ do: 'read' })).text),
        env: async () => (await obeyed({ do: 'env' })).env as Record<string, string>,
      });
    }
  });
}
