// A process that decides at gates when it is told to: one JSON command a line in, the exit code a line out.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type DecideFlags, decideCommand } from '../../src/app/gates/decide.ts';

for await (const line of createInterface({ input: process.stdin })) {
  const { gate, option } = JSON.parse(line) as Pick<DecideFlags, 'gate' | 'option'>;
  const code = await decideCommand({
    ...{ run: '@last', gate, option, field: [], comment: undefined },
    ...{ resume: false, json: false, verbose: false },
  });
  writeSync(1, `${code}\n`);
}
