// Holds what a dialect says of its engine to what the engine printed and to what the dialect makes of a step.
import { describe, expect, it } from 'vitest';

import { DIALECTS } from '../../../src/engines/dialects/dialects.ts';
import pins from '../../support/engine-pins.json' with { type: 'json' };
import { job, playRun } from './streams.ts';

const closed = { type: 'object', properties: {}, required: [], additionalProperties: false } as const;
const place = { cwd: '/w/inner', root: '/w', scratch: '/s', superuser: false };

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s', (name, dialect) => {
  const { capabilities } = dialect;

  it('tells its use when it says so', () => {
    const { lines, verdict } = playRun(name, 'edit');
    const says = lines.findIndex(({ said }) => said.some(({ usage }) => usage !== undefined));
    const over = lines.findIndex((line) => line.over);
    // Where no line says that the turn is over, its last one is the end of it.
    const heard = says !== -1 && says < (over === -1 ? lines.length - 1 : over);
    const told = verdict.usage !== undefined;
    expect(heard ? 'live' : told ? 'end' : 'none').toBe(capabilities.usage);
    expect(typeof verdict.usage?.usd === 'number').toBe(capabilities.reportsCost);
  });

  it('has a mode for schemas where it says so', () => {
    const { stdin } = dialect.command(job({ prompt: 'say', schema: closed }), place);
    expect(stdin === 'say' ? 'native' : 'prompt').toBe(capabilities.schema);
  });

  it('opens the whole workspace to a step below its root where it says so', () => {
    const { args, env, stdin, files } = dialect.command(job({ prompt: 'say' }), place);
    const said = JSON.stringify([args, env, stdin, files]);
    expect(/"\/w"|"\/w[,:\\]|"\/w\/\*/.test(said)).toBe(capabilities.addDir);
  });

  it('was measured with the version that is pinned for the tests', () => {
    const pin = (pins as Record<string, { version: string }>)[name];
    if (pin !== undefined) expect([dialect.tested.from, dialect.tested.to]).toContain(pin.version);
  });

  it('keeps its sign-in in files of the user', () => {
    for (const { path } of dialect.signIn.files({ HOME: '/home/me' })) expect(path).toMatch(/^\/home\/me\//);
    expect(dialect.signIn.help).toMatch(/sign in|set /);
  });
});
