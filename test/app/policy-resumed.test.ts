// Shows through the built program that what goes on is held to the policy of today, and not to that of its start.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const agent = (id: string, access = 'read'): string =>
  `  - { id: ${id}, engine: claude-code, access: ${access}, prompt: "Do ${id}." }\n`;
const GATE = '  - { id: ask, gate: { message: Go on? } }\n';

function project(steps: string, head = ''): Project {
  const made = projectWith({ w: `${head}steps:\n${steps}` });
  scriptAgent(made, 'true');
  return made;
}

/** What the user's own policy is from now on. */
function rule(own: Project, policy: string): void {
  own.write(path.relative(own.root, path.join(own.home, '.config/codemachine/policy.yml')), policy);
}

describe('a run that goes on', () => {
  it('starts no engine that is not allowed by now, and goes on when it is', async () => {
    const own = project(`${GATE}${agent('late')}`);
    expect((await say(own, 'run w')).code).toBe(3);
    rule(own, 'engines: [codex]\n');
    const approved = await say(own, 'approve @last ask --resume');
    expect(approved.code).toBe(2);
    expect(approved.stderr).toContain('the policy does not allow `engine: claude-code`');
    expect((await say(own, 'resume @last')).code).toBe(2);
    rule(own, '{}\n');
    const done = await eventsOf(own, 'resume @last');
    expect(ends(done.events)).toEqual({ ask: 'succeeded', late: 'succeeded' });
  });

  it('asks nothing about what is done, or failed for good', async () => {
    const own = project(`${agent('early', 'full')}${GATE}  - { id: last, run: echo x }\n`);
    expect((await say(own, 'run w')).code).toBe(3);
    rule(own, 'max-access: write\n');
    expect((await say(own, 'approve @last ask --resume')).code).toBe(0);
    // A retry begins a run, and makes what is kept no more than a resume does.
    const retried = await say(own, 'retry @last --from early');
    expect(retried.code).toBe(2);
    expect(retried.stderr).toContain('the policy does not allow `access: full`');
    const runs = JSON.parse((await say(own, 'runs --json')).stdout) as object[];
    expect(runs).toHaveLength(1);
    expect((await say(own, 'retry @last --from last')).code).toBe(0);
  });

  it('may be canceled whatever the policy says', async () => {
    const own = project(`${GATE}${agent('late')}`);
    expect((await say(own, 'run w')).code).toBe(3);
    rule(own, 'engines: [codex]\n');
    expect((await say(own, 'cancel @last')).code).toBe(0);
  });

  it('spends no more than is allowed by now, and no less; nobody is told to ask for more', async () => {
    const own = project(`${GATE}${agent('one')}${agent('two')}${agent('three')}`, 'budget: { usd: 1 }\n');
    expect((await say(own, 'run w')).code).toBe(3);
    rule(own, 'budget: { usd: 0.01 }\n');
    const parked = await eventsOf(own, 'approve @last ask --resume');
    expect(ends(parked.events)).toEqual({ ask: 'succeeded', one: 'succeeded' });
    expect(parked.events.at(-1)).toMatchObject({ type: 'run-parked', reason: 'budget' });
    expect(JSON.stringify(parked.events.at(-1))).not.toContain('--budget');
    rule(own, 'budget: { usd: 0.025 }\n');
    const refused = await say(own, 'resume @last --budget usd=0.03');
    expect(refused.stderr).toContain('the policy allows a run no more than $0.0250');
    expect((await say(own, 'resume @last --budget usd=0.015')).stdout).toMatch(/--budget usd=0\.025/);
    rule(own, 'budget: { usd: 3 }\n');
    expect((await say(own, 'resume @last --budget usd=1')).code).toBe(0);
  });

  it('is not held to the policy that it began under', async () => {
    const own = project(`${agent('one')}${agent('two')}`);
    const file = '.codemachine/config.yml';
    const config = readFileSync(path.join(own.root, file), 'utf8');
    own.write(file, `${config}policy: { budget: { usd: 0.01 } }\n`);
    expect((await say(own, 'run w')).code).toBe(3);
    own.write(file, `${config}policy: { budget: { usd: 0.5 } }\n`);
    expect((await say(own, 'resume @last')).code).toBe(0);
  });
});
