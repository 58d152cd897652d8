// Runs many command lines one after the other in one process, as each would run in its own; a start of Node costs more than most of them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '../..');
const { main } = await import(pathToFileURL(path.join(root, 'dist/cli.js')).href);
const lines = JSON.parse(readFileSync(0, 'utf8'));
const write = { stdout: process.stdout.write, stderr: process.stderr.write };
const env = { ...process.env };
// What ends a process ends a command here.
process.exit = (code) => {
  process.exitCode = code;
};

// A run that is detached is started by the program itself.
process.argv[1] = path.join(root, 'bin/codemachine.js');

for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);

const ends = [];
for (const args of lines) {
  const end = { args, code: 0, stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'])
    process[stream].write = (text, ...rest) => {
      end[stream] += typeof text === 'string' ? text : Buffer.from(text).toString();
      rest.find((one) => typeof one === 'function')?.();
      return true;
    };
  process.exitCode = undefined;
  Object.assign(process.env, env);
  await main(args, pathToFileURL(`${root}/`));
  end.code = process.exitCode ?? 0;
  ends.push(end);
  Object.assign(process.stdout, { write: write.stdout });
  Object.assign(process.stderr, { write: write.stderr });
}
process.exitCode = 0;
process.stdout.write(JSON.stringify(ends));
