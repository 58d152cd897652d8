/** Carries messages between the runner and its attempt hosts. */
import type { Socket } from 'node:net';
import type { Chatter } from '../../model/event.ts';
import type { Outcome, RunJob, StopReason } from '../../model/ports.ts';
import type { ShellSettings } from './shell-settings.ts';

/** What a host is told. */
export type ToHost =
  | { readonly type: 'settings'; readonly settings: ShellSettings }
  /** Make this attempt; the stops are those that were raised already. */
  | {
      readonly type: 'job';
      readonly id: number;
      readonly job: RunJob;
      readonly soft?: StopReason;
      readonly hard?: StopReason;
    }
  | { readonly type: 'stop'; readonly id: number; readonly how: 'soft' | 'hard'; readonly reason: StopReason }
  /** The run is over: write down what is left in the pipes, then go. */
  | { readonly type: 'end' };

/** A defect of ours on the other side. */
export interface Defect {
  readonly message: string;
  readonly stack: string;
}

/** What a host says. */
export type FromHost =
  | { readonly type: 'ready' }
  | { readonly type: 'chatter'; readonly id: number; readonly chatter: Chatter }
  | { readonly type: 'outcome'; readonly id: number; readonly outcome: Outcome }
  /** Of one attempt, or of the host itself, which ends then. */
  | { readonly type: 'defect'; readonly id?: number; readonly defect: Defect };

/** One side's end of the line. */
export interface Line<Said> {
  say(message: Said): void;
  /** How many bytes wait for the other side to read. */
  waiting(): number;
}

/** Opens a line over a socket: JSON, a message each line. What is said in one turn goes in one write. */
export function openLine<Said, Heard>(socket: Socket, hear: (message: Heard) => void): Line<Said> {
  let outbox = '';
  let inbox = '';
  const flush = (): void => {
    const text = outbox;
    outbox = '';
    socket.write(text);
  };
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (inbox + text).split('\n');
    inbox = lines.pop() ?? '';
    for (const line of lines) hear(JSON.parse(line) as Heard);
  });
  return {
    say: (message) => {
      if (outbox === '') queueMicrotask(flush);
      outbox += `${JSON.stringify(message)}\n`;
    },
    waiting: () => outbox.length + socket.writableLength,
  };
}
