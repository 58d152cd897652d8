// Runs a bundle once, then keeps what V8 compiled of it beside it; in a process of its own, which has compiled nothing else.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';

const [file = ''] = process.argv.slice(2);
const sample = path.resolve(import.meta.dirname, '../../.config/warm.yml');
// The name is no part of what V8 compares (the text and the flags are), but it stands in every stack that users see.
const filename = `dist/${path.basename(file)}`;
const script = new Script(readFileSync(file, 'latin1'), { filename });
const module = { exports: /** @type {any} */ ({}) };
script.runInThisContext()(createRequire(file), module, module.exports, pathToFileURL(file).href);

const place = mkdtempSync(path.join(tmpdir(), 'codemachine-warm-'));
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (/** @type {any} */ _, /** @type {any} */ ...rest) => {
  rest.at(-1)?.();
  return true;
};
// Something that waits for ever ends this process without a word.
process.once('exit', () => {
  if (!done) process.exitCode = 1;
});
let done = false;
try {
  process.chdir(place);
  await work(module.exports);
  if (process.exitCode) throw new Error(`${sample} ended with ${process.exitCode}, so it warms nothing`);
} finally {
  process.stdout.write = write;
  process.chdir(import.meta.dirname);
  rmSync(place, { recursive: true, force: true });
}
writeFileSync(
  file.replace(/cjs$/, `${process.versions.v8}-${process.arch}.cache`),
  script.createCachedData(),
);
done = true;

async function work(/** @type {any} */ { validateFiles, complete, main, commands }) {
  if (validateFiles !== undefined) {
    process.exitCode = await validateFiles([sample]);
    return;
  }
  if (complete !== undefined) {
    const root = path.resolve(path.dirname(file), '..');
    for (const line of ['codemachine ', `codemachine run ${sample} --input `, 'codemachine run --'])
      await complete(['bash', line, ' :='], root);
    return;
  }
  Object.assign(process.env, { HOME: place, XDG_CONFIG_HOME: '', TOKEN: 'no secret' });
  const root = pathToFileURL(`${path.resolve(path.dirname(file), '..')}/`);
  const workflow = path.join(place, 'warm.yml');
  writeFileSync(workflow, 'name: warm\nsteps:\n  - run: echo one\n  - id: two\n    run: echo two\n');
  await main(['plan', workflow], root, commands);
  await main(['run', workflow], root, commands);
}
