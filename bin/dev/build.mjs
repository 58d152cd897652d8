// Bundles src/ into dist/, together with its types, its licences and the manifest of its commands.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleCached } from './build/cached.mjs';
import { drivers, leaveOut, neverLoaded, root } from './build/outside.mjs';
import { compileSchemas } from './compile-schemas.mjs';

/** Builds beside the old dist/ and swaps at the end, so that a test which is using the old one keeps it whole. */
export async function buildAll() {
  const staging = path.join(root, 'node_modules/.cache', `build-${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  try {
    await compileSchemas();
    cpSync(path.join(root, 'package.json'), path.join(staging, 'package.json'));
    const types = declarations(path.join(staging, 'types'));
    const dist = path.join(staging, 'dist');
    const [metafile] = await Promise.all([bundle(dist), bundleHost(dist), types]);
    renameSync(path.join(staging, 'types'), path.join(staging, 'dist/types'));
    writeFileSync(path.join(staging, 'dist/third-party-licenses.txt'), licences(metafile));
    await manifest(staging);
    await bundleCached(dist);
    swap(path.join(staging, 'dist'), path.join(root, 'dist'));
    swap(path.join(staging, 'oclif.manifest.json'), path.join(root, 'oclif.manifest.json'));
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function bundle(outdir) {
  const commands = readdirSync(path.join(root, 'src/commands'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join('src/commands', file));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/index.ts', 'src/cli.ts', ...commands].filter((file) =>
      existsSync(path.join(root, file)),
    ),
    outbase: 'src',
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: [...drivers, ...neverLoaded],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    plugins: [leaveOut],
    logLevel: 'warning',
    // Bundled CommonJS still asks for node's own modules by require.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  return metafile;
}

// What makes attempts beside the runner is one small file of CommonJS: every page that it has in memory makes it start children
// slower, and Node's loader of modules alone is a few megabytes.
function bundleHost(dist) {
  return build({
    absWorkingDir: root,
    entryPoints: ['src/app/attempts/attempt-host.ts'],
    outfile: path.join(dist, 'attempt-host.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // A step is a shell command: engines are started by the runner.
    external: ['execa'],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
}

function declarations(outDir) {
  if (!existsSync(path.join(root, 'src/index.ts'))) {
    mkdirSync(outDir);
    return Promise.resolve();
  }
  return node(
    'node_modules/@typescript/native/bin/tsc',
    '-p',
    '.config/tsconfig.types.json',
    '--outDir',
    outDir,
  );
}

// The manifest is read from the bundled commands: one made from the sources names files that are not shipped.
async function manifest(staging) {
  const { Plugin } = await import('@oclif/core/config');
  const plugin = new Plugin({
    errorOnManifestCreate: true,
    ignoreManifest: true,
    respectNoCacheDefault: true,
    root: staging,
    type: 'core',
  });
  await plugin.load();
  writeFileSync(path.join(staging, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest, null, 2)}\n`);
}

// The licences of what is bundled ask to be kept with every copy.
function licences(metafile) {
  const packages = new Set();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const found = bytesInOutput > 0 && /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
      if (found) packages.add(found[1]);
    }
  }
  return [...packages].sort().map(licence).join('\n');
}

function licence(directory) {
  const { name, version, license } = JSON.parse(
    readFileSync(path.join(root, directory, 'package.json'), 'utf8'),
  );
  const file = readdirSync(path.join(root, directory)).find((entry) => /^licen[cs]e/i.test(entry));
  const text =
    file === undefined ? `License: ${license}` : readFileSync(path.join(root, directory, file), 'utf8');
  return `${name} ${version}\n${'-'.repeat(60)}\n${text.trim()}\n`;
}

function swap(fresh, place) {
  const old = `${fresh}.old`;
  if (existsSync(place)) renameSync(place, old);
  renameSync(fresh, place);
}

function node(script, ...rest) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...rest], { cwd: root, stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(undefined) : reject(new Error(`${path.basename(script)} ended with ${code}`)),
    );
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildAll().catch((error) => {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  });
}
