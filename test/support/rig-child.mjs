// A child under remote control: connects to the test's socket and obeys, so that no test waits by the clock.
import { spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';

const [name = 'child', socketPath = process.env.RIG_SOCKET] = process.argv.slice(2);
const socket = createConnection(socketPath);
const tell = (message) => socket.write(`${JSON.stringify(message)}\n`);

// The test is gone: a child that stays would be found by the next one.
socket.on('close', () => process.exit(99));
socket.on('error', () => process.exit(99));

const orders = {
  print: ({ stream, text }) => process[stream].write(text, () => tell({ event: 'done' })),
  flood: ({ stream, text, times }) => flood(process[stream], text, times),
  exit: ({ code }) => process.exit(code),
  // The handler replaces the default, which would end us.
  catch: ({ signals }) => {
    for (const signal of signals) process.on(signal, () => tell({ event: 'signal', signal }));
    tell({ event: 'done' });
  },
  fork: ({ name: of, detached, hold, env }) => {
    spawn(process.execPath, [import.meta.filename, of, socketPath], {
      detached,
      stdio: hold ? ['ignore', 'inherit', 'inherit'] : 'ignore',
      env: { ...process.env, ...env },
    }).unref();
    tell({ event: 'done' });
  },
  read: () => {
    const chunks = [];
    process.stdin.on('data', (chunk) => chunks.push(chunk));
    process.stdin.on('end', () => tell({ event: 'read', text: Buffer.concat(chunks).toString() }));
  },
  env: () => tell({ event: 'env', env: process.env }),
};

async function flood(stream, text, times) {
  for (let i = 0; i < times; i++) {
    if (!stream.write(text)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  tell({ event: 'done' });
}

createInterface({ input: socket }).on('line', (line) => {
  const order = JSON.parse(line);
  orders[order.do](order);
});
tell({ event: 'hello', name, pid: process.pid });
