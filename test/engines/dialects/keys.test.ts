// No engine is given what signs another one in, unless it signs in by that too.
import { describe, expect, it } from 'vitest';
import { agentBase } from '../../../src/engines/child-env.ts';
import type { Dialect } from '../../../src/engines/dialects/dialect.ts';
import { DIALECTS } from '../../../src/engines/dialects/dialects.ts';

/** Two engines document it, and one of them for something else than its own sign-in. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  // The key of a provider of one's own in its `config.toml`.
  codex: ['OPENAI_API_KEY'],
};

/** All that signs some engine in, or switches on a back-end by which it does. */
const SIGN_INS = [...new Set(DIALECTS.flatMap(({ signIn }) => signIn.variables))];

/** The names that an engine is given of an environment in which everybody is signed in. */
function given({ variables }: Dialect, names: readonly string[]): readonly string[] {
  const environ = Object.fromEntries(names.map((name) => [name, 'set']));
  return Object.keys(agentBase(environ, [], variables(environ)));
}

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s', (name, dialect) => {
  const own = [...dialect.signIn.variables, ...(SHARED[name] ?? [])];

  it('is given what signs it in', () => {
    for (const one of dialect.signIn.variables) expect(given(dialect, [one])).toEqual([one]);
  });

  it('is given nothing that signs another engine in, whatever is set', () => {
    const strange = SIGN_INS.filter((one) => !own.includes(one));
    expect(given(dialect, strange)).toEqual([]);
    // What is set decides which back-end's variables pass: one switch at a time, then all.
    for (const also of [...own.map((one) => [one]), own]) {
      const passed = given(dialect, [...strange, ...also]).filter((one) => !own.includes(one));
      expect(passed.filter((one) => !BY_CLOUD.test(one))).toEqual([]);
    }
  });

  it('is given no variable of ours, and no word of git or of the shell', () => {
    const names = [
      'CODEMACHINE_MARK',
      'CODEMACHINE_RUN',
      'GIT_ASKPASS',
      'GH_TOKEN',
      'NPM_TOKEN',
      'LD_PRELOAD',
    ];
    expect(given(dialect, names)).toEqual([]);
  });
});

/** A cloud's variables pass together where its back-end is switched on. */
const BY_CLOUD = /^(?:GOOGLE|AWS|AZURE)_/;
