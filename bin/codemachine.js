#!/usr/bin/env node
// The program's door: answers --version at once, leaves everything else to dist/.
// It is parsed by Nodes too old to run the rest, so that they can be told; hence no import declarations.

const [major, minor] = process.versions.node.split('.').map(Number);

if (process.platform === 'win32') {
  refuse('Windows is not supported: run codemachine inside WSL, where process groups and signals exist.');
} else if (major < 20 || (major === 20 && minor < 20)) {
  refuse(`codemachine needs Node 20.20 or newer, and this is ${process.versions.node}: install a newer one.`);
} else if (process.argv.length === 3 && ['--version', '-V', '-v'].includes(process.argv[2])) {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`codemachine ${version}\n`);
} else if (!(await validatedWarm())) {
  // Node 20 has no compile cache; newer ones start a third faster with it.
  process.getBuiltinModule('node:module').enableCompileCache?.();
  await import('../dist/cli.js').then(
    ({ main }) => main(process.argv.slice(2), new URL('..', import.meta.url)),
    (error) => {
      process.stderr.write(
        `codemachine could not be loaded: ${error.message}\nInstall it again; in a checkout, run \`npm run build\`.\n`,
      );
      process.exitCode = 70;
    },
  );
}

// `validate file.yml` at every save, from what V8 compiled at the build: half the time. Everything else, and every doubt, is left
// to dist/cli.js, which does the same.
async function validatedWarm() {
  const [command, ...files] = process.argv.slice(2);
  if (command !== 'validate' || files.some((file) => file.startsWith('-'))) return false;
  const bundle = new URL('../dist/validate.cjs', import.meta.url);
  const cache = new URL(`../dist/validate.${process.versions.v8}-${process.arch}.cache`, import.meta.url);
  const { existsSync, readFileSync } = process.getBuiltinModule('node:fs');
  if (!existsSync(cache)) return false;
  const { Script } = process.getBuiltinModule('node:vm');
  const { createRequire } = process.getBuiltinModule('node:module');
  const script = new Script(readFileSync(bundle, 'latin1'), {
    filename: bundle.pathname,
    cachedData: readFileSync(cache),
  });
  if (script.cachedDataRejected) return false;
  const module = { exports: {} };
  try {
    script.runInThisContext()(createRequire(bundle), module, module.exports);
    process.exitCode = await module.exports.validateFiles(files, 'text', false);
    return true;
  } catch {
    return false;
  }
}

function refuse(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 2;
}
