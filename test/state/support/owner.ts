/** A child that does with a state directory what its test tells it: one JSON command a line in, one JSON answer a line out. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { asRunId } from '../../../src/model/ids.ts';
import type { Lease } from '../../../src/state/lease.ts';
import { openState, type State } from '../../../src/state/state.ts';
import type { Answer, Command } from './child.ts';
import { milestone, record } from './samples.ts';

let state: State | undefined;
let lease: Lease | undefined;

function say(answer: Answer): void {
  writeSync(1, `${JSON.stringify(answer)}\n`);
}

function open(): State {
  if (state === undefined) throw new Error('tell me to open first');
  return state;
}

function owned(): Lease {
  if (lease === undefined) throw new Error('tell me to acquire first');
  return lease;
}

async function obey(command: Command): Promise<Answer> {
  switch (command.do) {
    case 'open': {
      const opened = await openState(command.dir, { version: command.version ?? '0.1.0' });
      if (!opened.ok) return { error: opened.error.message, kind: opened.error.kind };
      state = opened.value;
      return { driver: state.driver };
    }
    case 'create':
      return { created: open().createRun(record(command.run)) };
    case 'acquire': {
      const got = open().acquire(asRunId(command.run), { by: 'test', alone: command.alone ?? false });
      if (!got.ok) return { pid: got.error.owner.pid, run: got.error.run };
      lease = got.value;
      return { epoch: lease.epoch };
    }
    case 'commit': {
      const bodies = Array.from({ length: command.count }, (_, index) => milestone(index));
      return { seq: owned().commit(bodies, new Date().toISOString()).at(-1)?.seq ?? 0 };
    }
    case 'commit-forever':
      for (let index = 0; ; index++) {
        const bodies = Array.from({ length: 1 + (index % 3) }, () => milestone(index));
        say({ seq: owned().commit(bodies, new Date().toISOString()).at(-1)?.seq ?? 0 });
      }
    case 'verify': {
      const verdict = open().verify(asRunId(command.run));
      return verdict.ok
        ? { milestones: verdict.value.milestones }
        : { seq: verdict.error.seq, error: verdict.error.what };
    }
    case 'release':
      owned().release();
      return {};
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await obey(JSON.parse(line) as Command));
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) });
  }
}
