// Says what is left out of the bundles.
import path from 'node:path';

/** The repository. */
export const root = path.resolve(import.meta.dirname, '../../..');

/** What is installed beside the program, because it is compiled for each machine. */
export const drivers = ['better-sqlite3', 'bs3-n20'];

// oclif would load these to run a plugin from its sources, which is switched off.
export const neverLoaded = ['typescript', 'ts-node', 'tsx', 'react-devtools-core'];

// oclif loads these at each start for what this program never does: user plugins, commands without a manifest,
// configuration outside package.json, its own spinner. Left out, a command starts some milliseconds sooner.
const neverCalled = ['minimatch', 'tinyglobby', 'lilconfig', 'cli-spinners'];

// At a terminal oclif makes its spinner while it loads, although nobody starts it; that asks for the name of a picture.
const pictures = `module.exports = { dots2: { frames: [''] } };`;

/** Puts in the place of what is never called something that says so. */
export const leaveOut = {
  name: 'leave-out',
  setup(building) {
    const filter = new RegExp(`^(${neverCalled.join('|')})$`);
    building.onResolve({ filter }, ({ path: name, importer }) =>
      importer.includes('/@oclif/core/') ? { path: name, namespace: 'left-out' } : undefined,
    );
    building.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path: name }) => ({
      contents: name === 'cli-spinners' ? pictures : refusing(name),
    }));
  },
};

function refusing(name) {
  return `module.exports = new Proxy({}, { get(_, key) {
    if (key === '__esModule' || key === 'default') return undefined;
    throw new Error('${name} is left out of the bundle: see outside.mjs');
  } });`;
}
