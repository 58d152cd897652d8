// Says that a declared server did not start, instead of an answer that was made without it.
import { describe, expect, it } from 'vitest';
import { dialectOf } from '../../../src/engines/dialects/dialects.ts';
import { serverFailure } from '../../../src/engines/dialects/mcp.ts';
import { standIn } from './stand-in.ts';
import { exits, job, play, textOfRun } from './streams.ts';

const mcp = { tickets: { command: 'tikcets-mcp' }, far: { url: 'http://127.0.0.1:1/mcp' } };
const failure = {
  reason: 'config',
  message: expect.stringMatching(/^the MCP server `tickets` \(`tikcets-mcp`\) did not start/),
  help: expect.stringContaining('mcp.tickets.env'),
};

/** A good run in whose beginning the engine says how its servers are. */
function claudeRun(...servers: { name: string; status: string }[]): string {
  return textOfRun('claude-code', 'text').replace(
    '"mcp_servers":[]',
    `"mcp_servers":${JSON.stringify(servers)}`,
  );
}

describe('Claude Code', () => {
  it('is ended as soon as it says that a server failed', () => {
    const { lines, verdict, reader } = play(
      'claude-code',
      claudeRun({ name: 'other', status: 'failed' }, { name: 'tickets', status: 'failed' }),
      exits(0),
      job({ mcp }),
    );
    expect(lines[0]).toMatchObject({ hopeless: true });
    expect(verdict).toMatchObject({ ok: false, failure });
    expect(reader.trouble()).toMatchObject(failure);
  });

  it('says of one that it wants a sign-in', () => {
    const { verdict } = play(
      'claude-code',
      claudeRun({ name: 'far', status: 'needs-auth' }),
      exits(0),
      job({ mcp }),
    );
    const message = expect.stringMatching(
      /`far` \(`http:\/\/127.0.0.1:1\/mcp`\) did not start: it wants a sign-in/,
    );
    expect(verdict).toMatchObject({ ok: false, failure: { reason: 'config', message } });
  });

  it.each([
    { name: 'tickets', status: 'connected' },
    { name: 'tickets', status: 'pending' },
    { name: 'theirs', status: 'failed' },
  ])('goes on with $name $status', (server) => {
    const { lines, verdict } = play('claude-code', claudeRun(server), exits(0), job({ mcp }));
    expect(lines[0]).not.toHaveProperty('hopeless');
    expect(verdict.ok).toBe(true);
  });
});

describe('Codex', () => {
  it('ends by itself, as it is told that a server is required', () => {
    const words =
      '2026-11-20T18:08:43.840649Z ERROR codex_core::session: Failed to create session: required MCP servers failed to initialize: tickets: No such file or directory (os error 2)\n' +
      'Error: thread/start: thread/start failed: error creating thread: Fatal error: Failed to initialize session: required MCP servers failed to initialize: tickets: No such file or directory (os error 2) (code -32603)';
    const { verdict } = play('codex', '', exits(1, { stderr: words }), job({ mcp }));
    expect(verdict).toMatchObject({ ok: false, failure });
    if (!verdict.ok) expect(verdict.failure.message).toMatch(/: No such file or directory \(os error 2\)$/);
  });

  it('is told so', () => {
    const place = { cwd: '/w', root: '/w', scratch: '/s', superuser: false };
    const args = dialectOf('codex', {})?.command(job({ mcp }), place).args;
    expect(args).toContain('mcp_servers.tickets.required=true');
    expect(args).toContain('mcp_servers.far.required=true');
  });
});

describe('OpenCode', () => {
  const unavailable = (key: string): string =>
    `timestamp=2026-11-20T18:09:25.665Z level=WARN run=11df1991 message="server unavailable" key=${key} type=local status=failed`;

  it('is ended as soon as its log says that a server failed', () => {
    const reader = dialectOf('opencode', {})?.reader(job({ mcp }));
    expect(reader?.errorLine?.(unavailable('theirs'))).not.toHaveProperty('hopeless');
    expect(reader?.trouble()).toBeUndefined();
    expect(reader?.errorLine?.(unavailable('tickets'))).toMatchObject({ hopeless: true });
    expect(reader?.trouble()).toMatchObject(failure);
    for (const line of textOfRun('opencode', 'text').trimEnd().split('\n')) reader?.line(line);
    expect(reader?.end(exits(0))).toMatchObject({ ok: false, failure });
  });
});

it.each([
  [
    `Warning: Failed to start stdio extension '"/tmp/s-1/tickets"' (Broken pipe), continuing without it`,
    'tickets',
  ],
  [
    `Warning: Failed to start streamable HTTP extension 'http://127.0.0.1:1/mcp' (refused), continuing without it`,
    'far',
  ],
])('goose is ended as soon as it says %s', (warning, name) => {
  const reader = dialectOf('goose', {})?.reader(job({ mcp }));
  expect(reader?.errorLine?.(warning.replace(/tickets|mcp'/, "developer'"))).not.toHaveProperty('hopeless');
  expect(reader?.errorLine?.(warning)).toMatchObject({ hopeless: true });
  const message = expect.stringMatching(
    `the MCP server \`${name}\` .* did not start: (Broken pipe|refused)$`,
  );
  expect(reader?.trouble()).toMatchObject({ reason: 'config', message });
  expect(reader?.end(exits(null, { signal: 'SIGTERM' }))).toMatchObject({ ok: false, failure: { message } });
});

it('names nothing that the step does not declare', () => {
  expect(serverFailure(mcp, 'toString')).toBeUndefined();
  expect(serverFailure(undefined, 'tickets')).toBeUndefined();
});

describe.each(['claude-code', 'codex', 'opencode', 'goose'])('%s is not started at all', (name) => {
  const tried = async (servers: NonNullable<ReturnType<typeof job>['mcp']>) => {
    const rig = standIn();
    try {
      const dialect = dialectOf(name, {});
      if (dialect === undefined) throw new Error(name);
      const { outcome } = await rig.attempt(dialect, 'touch "$0/started"', { ask: { mcp: servers } });
      let started = true;
      try {
        rig.kept('started');
      } catch {
        started = false;
      }
      return { outcome, started };
    } finally {
      rig.leave();
    }
  };

  it('where the program of a server is not there', async () => {
    const { outcome, started } = await tried(mcp);
    expect(outcome).toMatchObject({ ok: false, failure });
    expect(started).toBe(false);
  });

  it('but where it is, or where the engine puts something in its place', async () => {
    expect(
      (await tried({ one: { command: 'sh' }, two: { command: '/bin/sh' }, three: { command: '$HOME/x' } }))
        .started,
    ).toBe(true);
    expect((await tried({ one: { command: 'sh', env: { PATH: '/nowhere' } } })).started).toBe(false);
  });
});
