// Runs a bundle once, then keeps what V8 compiled of it beside it; in a process of its own, which has compiled nothing else.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';

const [file = '', sample = ''] = process.argv.slice(2);
// The name is no part of what V8 compares; the text and the flags are.
const script = new Script(readFileSync(file, 'latin1'), { filename: file });
const module = { exports: /** @type {any} */ ({}) };
script.runInThisContext()(createRequire(import.meta.url), module, module.exports);
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;
const code = await module.exports.validateFiles([sample]);
process.stdout.write = write;
if (code !== 0) throw new Error(`${sample} is not valid, so it warms nothing`);
writeFileSync(
  file.replace(/cjs$/, `${process.versions.v8}-${process.arch}.cache`),
  script.createCachedData(),
);
