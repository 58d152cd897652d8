// Who sees which variable.
import { describe, expect, it } from 'vitest';
import { agentBase, childEnv, shellBase } from '../../src/engines/child-env.ts';
import { attemptPattern, makeMark, ownerPattern, runPattern } from '../../src/engines/mark.ts';

const variables = { run: 'r', step: 's', attempt: 2, workspace: '/w', mark: ';m;' };

describe('a run step', () => {
  it('sees the caller without secrets and without what changes its shell', () => {
    const environ = {
      ...{ PATH: '/bin', EDITOR: 'vi', TOKEN: 't', GONE: undefined },
      ...{ TMOUT: '5', BASH_ENV: 'x', ENV: 'x', SHELLOPTS: 'xtrace', 'BASH_FUNC_ls%%': '() { :; }' },
      ...{
        CODEMACHINE_RUN: 'outer',
        CODEMACHINE_OUTPUT: '/outer',
        CODEMACHINE_MARK: ';o;',
        CODEMACHINE_STATE_DIR: '/state',
        CODEMACHINE_BUNDLE_KEY: 'k',
      },
    };
    expect(shellBase(environ, ['TOKEN'])).toEqual({
      PATH: '/bin',
      EDITOR: 'vi',
      CODEMACHINE_STATE_DIR: '/state',
    });
  });

  it('sees its own variables over the caller, and ours over all', () => {
    const env = childEnv(
      { A: '1', B: '1' },
      { B: '2', BASH_ENV: 'mine', CODEMACHINE_MARK: 'shed' },
      { ...variables, output: '/o' },
    );
    expect(env).toEqual({
      ...{ A: '1', B: '2', BASH_ENV: 'mine' },
      ...{ CODEMACHINE: '1', CODEMACHINE_RUN: 'r', CODEMACHINE_STEP: 's', CODEMACHINE_ATTEMPT: '2' },
      ...{ CODEMACHINE_WORKSPACE: '/w', CODEMACHINE_MARK: ';m;', CODEMACHINE_OUTPUT: '/o' },
    });
  });
});

describe('an agent', () => {
  it('sees an allow-list and its engine’s own variables', () => {
    const environ = {
      ...{
        PATH: '/bin',
        HOME: '/h',
        LC_ALL: 'C',
        XDG_CONFIG_HOME: '/x',
        SSL_CERT_FILE: '/c',
        https_proxy: 'p',
        NO_PROXY: 'n',
      },
      ...{
        ANTHROPIC_API_KEY: 'k',
        CLAUDE_CONFIG_DIR: '/cc',
        AWS_SECRET_ACCESS_KEY: 's',
        CLAUDECODE: '1',
        LD_PRELOAD: 'x',
      },
      CODEMACHINE_MARK: ';o;',
      CODEMACHINE_BUNDLE_KEY: 'k',
    };
    expect(
      agentBase(
        environ,
        ['ANTHROPIC_API_KEY', 'HOME'],
        ['ANTHROPIC_*', 'CLAUDE_CONFIG_DIR', 'CODEMACHINE_*'],
      ),
    ).toEqual({
      ...{
        PATH: '/bin',
        LC_ALL: 'C',
        XDG_CONFIG_HOME: '/x',
        SSL_CERT_FILE: '/c',
        https_proxy: 'p',
        NO_PROXY: 'n',
      },
      ...{ ANTHROPIC_API_KEY: 'k', CLAUDE_CONFIG_DIR: '/cc' },
    });
  });
});

describe('a mark', () => {
  it('is found by attempt, by owner and by run, inside the mark of a nested run too', () => {
    const mark = makeMark(makeMark(undefined, { run: 'outer', epoch: 1, directory: 'a.1' }), {
      run: 'inner',
      epoch: 3,
      directory: 'b.2',
    });
    for (const pattern of [
      attemptPattern(mark),
      ownerPattern('inner', 3),
      runPattern('inner'),
      runPattern('outer'),
    ]) {
      expect(mark).toContain(pattern);
    }
    expect(attemptPattern(mark)).toBe(';inner.3.b.2;');
    expect(attemptPattern(makeMark(undefined, { run: 'r', epoch: 1, directory: 'd' }))).toBe(';r.1.d;');
    for (const other of [ownerPattern('inner', 1), runPattern('inne'), runPattern('nner')])
      expect(mark).not.toContain(other);
  });

  it.each(['', 'k', 'mark', ';', ';;', 'a;b', ';a;', ';r.1.d'])(
    'is refused where it is none, for a piece of it would be in the environment of others: %j',
    (text) => expect(() => attemptPattern(text)).toThrow('is no mark'),
  );
});
