// Bundles what starts from code that V8 compiled here: half of what a short command takes is compiling its own code, and Node 20 has
// no compile cache of its own. For another V8 than the one that builds, every command starts from the bundle of modules.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { drivers, leaveOut, neverLoaded, root } from './outside.mjs';

/** Makes them, then has each run once, so that V8 knows what of it is called. Needs the manifest of the commands beside `dist`. */
export async function bundleCached(dist) {
  await Promise.all([bundleValidate(dist), bundleProgram(dist), bundleComplete(dist)]);
  for (const name of ['validate', 'program', 'complete']) warm(path.join(dist, `${name}.cjs`));
}

// What flags and globs ask for would only be read, never run: bin/codemachine.js leaves those, and every failure, to the program.
const leaveForLater = {
  name: 'leave-for-later',
  setup(building) {
    building.onResolve(
      { filter: /\/(validate-(fix|watch|formats)|selection)\.ts$/ },
      ({ path: name, kind }) =>
        kind === 'dynamic-import' ? { path: name, namespace: 'for-later' } : undefined,
    );
    building.onLoad({ filter: /.*/, namespace: 'for-later' }, ({ path: name }) => ({
      contents: `throw new Error('${path.basename(name)} is left out of this bundle')`,
    }));
  },
};

/** `validate` runs at every save, and needs no command line to be parsed. */
function bundleValidate(dist) {
  return bundle(path.join(dist, 'validate.cjs'), {
    entryPoints: ['src/app/validate/validate.ts'],
    plugins: [leaveForLater],
  });
}

/** A shell asks for candidates while somebody types, and waits for them. */
function bundleComplete(dist) {
  return bundle(path.join(dist, 'complete.cjs'), { entryPoints: ['src/app/completion/complete.ts'] });
}

/** All commands, in one file and named, so that none has to be searched for. */
function bundleProgram(dist) {
  const names = readdirSync(path.join(root, 'src/commands')).map((file) => path.basename(file, '.ts'));
  const table = names.map((name) => `'${name}': () => import('./commands/${name}.ts')`);
  return bundle(path.join(dist, 'program.cjs'), {
    stdin: {
      contents: `export { main } from './cli.ts';\nexport const commands = { ${table.join(', ')} };\n`,
      resolveDir: path.join(root, 'src'),
      loader: 'ts',
    },
    plugins: [leaveOut],
  });
}

function bundle(outfile, what) {
  return build({
    absWorkingDir: root,
    ...what,
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: [...drivers, ...neverLoaded],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    // A script that is run by itself has no loader behind it, and no place.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__address' },
    banner: { js: '(function (require, module, exports, __address) {' },
    footer: { js: '})' },
  });
}

function warm(file) {
  const { status, stderr } = spawnSync(process.execPath, ['bin/dev/warm.mjs', file], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`warm.mjs ended with ${status}: ${stderr}`);
}
