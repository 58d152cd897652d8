#!/usr/bin/env node
// The program's door: answers --version at once, leaves everything else to dist/.
// CommonJS (see package.json beside it), because Node takes longer to set up its loader of modules than all of --version takes;
// and parsed by Nodes too old to run the rest, so that they can be told.
'use strict';

const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const root = path.dirname(__dirname);
const [major, minor] = process.versions.node.split('.').map(Number);

if (process.platform === 'win32') {
  refuse('Windows is not supported: run codemachine inside WSL, where process groups and signals exist.');
} else if (major < 20 || (major === 20 && minor < 20)) {
  refuse(`codemachine needs Node 20.20 or newer, and this is ${process.versions.node}: install a newer one.`);
} else if (process.argv.length === 3 && ['--version', '-V', '-v'].includes(process.argv[2])) {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  process.stdout.write(`codemachine ${version}\n`);
} else if (process.argv[2] === '__complete') {
  completed();
} else {
  start();
}

async function start() {
  // Node 20 has no compile cache; newer ones start a third faster with it.
  require('node:module').enableCompileCache?.();
  const plain = process.argv[2] === 'validate' && !process.argv.slice(3).some((word) => word.startsWith('-'));
  if (plain && (await validated(process.argv.slice(3)))) return;
  try {
    const { main, commands } =
      compiled('program', true) ?? (await import(pathToFileURL(path.join(root, 'dist/cli.js')).href));
    await main(process.argv.slice(2), pathToFileURL(`${root}/`), commands);
  } catch (error) {
    if (existsSync(path.join(root, 'bin/dev')) && !existsSync(path.join(root, 'dist/cli.js')))
      return refuse(
        `codemachine is not built yet: run \`cd '${root}' && npm run setup && npm run build\`, then this again.`,
      );
    process.stderr.write(`codemachine could not be loaded: ${error.message}\nInstall it again.\n`);
    process.exitCode = 70;
  }
}

// `validate file.yml` runs at every save, and needs no command line to be parsed. Every doubt is left to dist/cli.js.
async function validated(files) {
  try {
    const { validateFiles } = compiled('validate', false) ?? {};
    if (validateFiles === undefined) return false;
    process.exitCode = await validateFiles(files);
    return true;
  } catch {
    return false;
  }
}

// A shell asks for candidates while somebody types: no answer is better there than trouble.
async function completed() {
  try {
    await compiled('complete', false)?.complete(process.argv.slice(3), root);
  } catch {
    process.exitCode = 0;
  }
}

// Where V8 is the one of the build, what the build compiled is taken. Undefined where there is nothing, or nothing for this V8 and
// `needed` says that it would not pay then.
function compiled(name, needed) {
  const bundle = path.join(root, `dist/${name}.cjs`);
  const cache = path.join(root, `dist/${name}.${process.versions.v8}-${process.arch}.cache`);
  const known = existsSync(cache);
  if (!existsSync(bundle) || (needed && !known)) return undefined;
  const { Script } = require('node:vm');
  const script = new Script(readFileSync(bundle, 'latin1'), {
    // The build's own is part of what it compiled, and means nothing here.
    filename: `dist/${name}.cjs`,
    ...(known ? { cachedData: readFileSync(cache) } : {}),
  });
  const module = { exports: {} };
  const own = require('node:module').createRequire(bundle);
  script.runInThisContext()(own, module, module.exports, pathToFileURL(bundle).href);
  return module.exports;
}

function refuse(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 2;
}
