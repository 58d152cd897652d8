// Shows through the built program that what an attempt had used when its runner was killed is counted, or said not to be known.
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

/** An engine that says so much, then hangs. */
function hangs(own: Project, lines: readonly object[]): void {
  const said = lines.map((line) => `echo '${JSON.stringify(line)}'`).join('\n');
  const text = `if [ "\${1-}" = --version ]; then echo 2.1.328; exit; fi\ncat > /dev/null\n${said}\nexec sleep 300\n`;
  own.write(path.relative(own.root, path.join(own.base, 'engine.sh')), text);
}

const INIT = {
  type: 'system',
  subtype: 'init',
  session_id: '00000000-0000-4000-8000-000000000001',
  model: 'm',
};
const MESSAGE = {
  type: 'assistant',
  message: { id: 'early', model: 'm', content: [], usage: { input_tokens: 500, output_tokens: 7 } },
  session_id: INIT.session_id,
};

async function killed(lines: readonly object[]): Promise<Project> {
  const own = projectWith({
    w: 'name: w\nbudget: { usd: 1, tokens: 1M }\nsteps:\n  - id: a\n    engine: claude-code\n    access: read\n    prompt: Look.\n',
  });
  scriptAgent(own, 'true');
  hangs(own, lines);
  const cli = startCli(own, ['run', 'w', '--json'], {
    onLine: (line) => {
      // The engine is there, and has said what it says.
      const last = lines.length > 1 ? '"what":"usage"' : '"type":"session-opened"';
      if (line.includes(last)) process.kill(cli.pid, 'SIGKILL');
    },
  });
  expect((await cli.ended).signal).toBe('SIGKILL');
  scriptAgent(own, 'true');
  return own;
}

describe('an attempt whose runner was killed', () => {
  it('has used what its transcript says', async () => {
    const own = await killed([INIT, MESSAGE]);
    const { code, events } = await eventsOf(own, 'resume @last');
    expect(code).toBe(0);
    expect(events.find((one) => one.type === 'step-failed')).toMatchObject({
      failure: { reason: 'interrupted' },
      usage: { 'input-tokens': 500, 'output-tokens': 7, usd: null },
    });
    const status = await say(own, 'status @last');
    expect(status.stdout).toContain('used: 510 tokens in, 9 out, cost unknown');
    expect(status.stdout).toContain('519 tokens of 1,000,000 tokens, not counting 1 attempt of unknown cost');
  }, 60_000);

  it('has used what nobody knows where that says nothing', async () => {
    const own = await killed([INIT]);
    const resumed = await say(own, 'resume @last');
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain(
      'used: 10 tokens in, 2 out, $0.0100, not counting 1 attempt of unknown cost',
    );
    expect(resumed.stdout).toContain('not counting 1 attempt of unknown cost');
  }, 60_000);
});
