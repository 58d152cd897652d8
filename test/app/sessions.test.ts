// Shows with the real engines that steps go on in the sessions of others, branch off them, and replay so.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { strictEvents } from '../support/event-check.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import type { Project } from '../support/repository.ts';
import { agentProject, missingEngines } from './engines.ts';

let server: ModelServer;
const projects: Project[] = [];

beforeAll(async () => {
  built();
  server = await startModelServer();
});
beforeEach(() => server.reset());
afterAll(async () => {
  await server.close();
  for (const project of projects) project.remove();
});

const flow = (engine: string): string => `
name: talk
agents:
  a: { engine: ${engine}, access: read${engine === 'codex' ? ', model: gpt-6.1-sol' : ''} }
steps:
  - id: plan
    agent: a
    prompt: 'The word is lighthouse. SCENARIO:text {"say":"planned"}'
  - id: go
    agent: a
    session: { continue: plan }
    prompt: 'Go on. SCENARIO:text {"say":"gone on"}'
  - id: branch
    agent: a
    session: { fork: plan }
    matrix: { n: [1, 2] }
    prompt: 'Branch \${{ matrix.n }}. SCENARIO:text {"say":"branched"}'
`;

describe.skipIf(missingEngines.length > 0).each(['claude-code', 'codex'])('%s', (engine) => {
  it('goes on in the session of another step, branches off it, and is replayed', async () => {
    const project = agentProject(server, { 'flow.yml': flow(engine) });
    projects.push(project);
    const run = async (line: string) => {
      const { code, stdout, stderr } = await cli(project, line.split(' '));
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      return strictEvents(stdout);
    };
    const events = await run('run flow.yml --json --record cassette');
    const session = (step: string): string | undefined =>
      events.flatMap((e) => (e.type === 'step-succeeded' && e.step === step ? [e.session ?? ''] : []))[0];
    expect(session('go')).toBe(session('plan'));
    expect(new Set([session('plan'), session('branch[1]'), session('branch[2]')]).size).toBe(3);
    const told = (prompt: string) =>
      server.requests.filter((one) => one.prompt.includes(prompt)).map((one) => JSON.stringify(one.body));
    for (const prompt of ['Go on.', 'Branch 1.', 'Branch 2.'])
      expect(told(prompt).every((body) => body.includes('lighthouse'))).toBe(true);
    expect(told('Branch 1.')[0]).not.toContain('Branch 2.');
    server.reset();
    await run('run flow.yml --json --replay cassette');
    expect(server.requests).toHaveLength(0);
  });
});
