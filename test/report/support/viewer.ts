/** A process that shows a run on its own standard streams, told event by event through a named pipe. */
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Event } from '../../../src/model/event.ts';
import type { Clock } from '../../../src/model/ports.ts';
import { openReporter } from '../../../src/report/report.ts';
import { planOf } from './screen.ts';

const clock: Clock = {
  now: () => Date.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

/** How it is started: one argument. */
export interface ViewerOptions {
  /** A named pipe with one event a line, or `-` for standard input; the run is over when it ends. */
  readonly events: string;
  readonly json: boolean;
  readonly color: boolean;
  readonly plan?: readonly string[];
}

/** Read by the event loop: a thread that waits for a pipe would keep the process from ending. */
function namedPipe(file: string): Socket {
  return new Socket({
    fd: openSync(file, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
}

const options = JSON.parse(process.argv[2] ?? '') as ViewerOptions;
const reporter = await openReporter({
  json: options.json,
  out: process.stdout,
  env: process.env,
  color: options.color,
  verbose: false,
  plan: planOf(options.plan),
  clock,
});
const lines = createInterface({
  input: options.events === '-' ? process.stdin : namedPipe(options.events),
});
// Like the program: a signal ends the run in an orderly way, which closes the reporter.
process.on('SIGINT', () => lines.close());
process.on('SIGQUIT', () => process.exit(1));
for await (const line of lines) reporter.hear(JSON.parse(line) as Event);
await reporter.close();
process.stderr.write('closed\n');
// Events may still come.
process.exit();
