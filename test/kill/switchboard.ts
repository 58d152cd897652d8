// Answers the calls of a run's children and of its git, each of which waits for that answer.
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** Somebody who waits at the other end. */
export interface Call {
  /** `step`: a child of a step. `git`: a git that the program itself has started. */
  readonly kind: 'step' | 'git';
  /** Which life of the runner started it; '' for git, which is told nothing. */
  readonly life: string;
  /** `edit-one 2 half` for a step, the arguments for git. */
  readonly what: string;
  /** Lets it go on. */
  release(): void;
  /** Lets it end without doing anything. */
  refuse(): void;
  /** Resolves when it has ended; a step's child already when it has gone on. */
  readonly gone: Promise<void>;
}

/** A server on loopback, because bash can speak to one without starting anything. */
export interface Switchboard {
  readonly port: number;
  /** Who hears calls from now on. */
  onCall: (call: Call) => void;
  close(): Promise<void>;
}

/** Opens a switchboard which lets everybody go on until told otherwise. */
export async function openSwitchboard(): Promise<Switchboard> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    void gone.then(() => sockets.delete(socket));
    const lines = createInterface({ input: socket });
    // A killed child resets its connection, which the lines report once more.
    for (const one of [socket, lines]) one.on('error', () => undefined);
    lines.once('line', (line) => {
      const [kind = '', life = '', ...what] = line.split(' ');
      board.onCall({
        kind: kind === 'git' ? 'git' : 'step',
        life,
        what: what.join(' '),
        release: () => void socket.write('go\n'),
        refuse: () => socket.destroy(),
        gone,
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const board: Switchboard = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    onCall: (call) => call.release(),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return board;
}
