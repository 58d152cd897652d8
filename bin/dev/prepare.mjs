// Builds a clone that npm links or installs, so that what it puts on PATH can be started.
import process from 'node:process';
import { setup } from './setup.mjs';

// npm builds a package before it packs it by `prepack`; once is enough.
const packs = ['pack', 'publish'].includes(process.env.npm_command ?? '');

if (!packs) {
  // What was asked for was an install of this package elsewhere; the npm that setup starts is to work in the clone.
  for (const name of ['global', 'location', 'prefix', 'omit', 'include', 'dry_run'])
    delete process.env[`npm_config_${name}`];
  try {
    setup();
    const { buildAll } = await import('./build.mjs');
    await buildAll();
  } catch (error) {
    console.error(`prepare: ${error.message}`);
    process.exitCode = 1;
  }
}
