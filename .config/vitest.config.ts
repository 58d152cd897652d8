// How the tests run: pure rooms share one module graph, everything that touches the world gets its own process.
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// What takes long and repeats in many shapes what shorter tests hold: `npm run soak -- long` runs it, CI has ten minutes.
const long = JSON.parse(readFileSync(new URL('soak-tests.json', import.meta.url), 'utf8')) as string[];
const left = process.env['CODEMACHINE_TEST_ALL'] === '1' ? [] : long;

// Pure rooms hold no state between tests, so isolating each file would only pay for loading it again (1.5 s against 13 s).
const pure = ['model', 'workflow', 'plan', 'run'].map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    maxWorkers: 2,
    globalSetup: ['bin/dev/compile-schemas.mjs'],
    setupFiles: ['.config/vitest.setup.ts'],
    // Not for patience with a test, but with a machine that is doing something else as well.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: pure, pool: 'threads', isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'world',
          include: ['test/**/*.test.ts'],
          exclude: [...pure, ...left, '**/node_modules/**', '**/fixtures/**'],
          pool: 'forks',
        },
      },
    ],
  },
});
