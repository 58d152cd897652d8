// What others wrote is printed where somebody obeys it: a terminal, the runner of GitHub Actions.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { harmless } from '../../src/app/print.ts';
import type { Event } from '../../src/model/event.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import { jsonlReporter } from '../../src/report/jsonl.ts';
import { scriptAgent } from '../app/scripted-agent.ts';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';

beforeAll(built);

const HOSTILE = '::error::forged\n##[error]forged\n\x1b]0;title\x07\x9b2Jtext\n';

describe('text of others', () => {
  it('stays as it is in a pipe or a file', () => {
    expect(harmless(HOSTILE, {} as NodeJS.WriteStream, {})).toBe(HOSTILE);
  });

  it('moves nothing on a terminal', () => {
    const shown = harmless(HOSTILE, { isTTY: true }, { TERM: 'xterm' });
    expect(shown).toBe('::error::forged\n##[error]forged\ntext\n');
  });

  it('is no command for the runner of GitHub Actions', () => {
    const shown = harmless(HOSTILE, {} as NodeJS.WriteStream, { GITHUB_ACTIONS: 'true' });
    expect(shown).not.toMatch(/^::|##\[/m);
  });
});

describe('an event as JSON', () => {
  it('holds nothing that is obeyed, and says the same', () => {
    const written: string[] = [];
    const reporter = jsonlReporter({ write: (text) => written.push(text) });
    const event = {
      ...{ v: 1, at: '2026-11-20T14:15:03.000Z', run: asRunId('20261120-141503-k7qd'), type: 'output' },
      ...{ step: asStepKey('a'), attempt: 1, stream: 'stdout', text: HOSTILE },
    } as Event;
    reporter.hear(event);
    const [line = ''] = written;
    expect(line).not.toMatch(/##\[|[\x7f-\x9f\x1b]/);
    expect(JSON.parse(line)).toEqual(event);
  });
});

describe('in GitHub Actions', () => {
  const env = { GITHUB_ACTIONS: 'true' };

  it('a change that an agent made is shown without its commands', async () => {
    const project = projectWith({
      w: 'steps:\n  - { engine: claude-code, access: write, prompt: go }\n',
    });
    scriptAgent(project, "printf '##[error]forged\\n' > new.txt");
    expect((await say(project, 'run w')).code).toBe(0);
    const { stdout } = await say(project, 'diff @last', { env });
    expect(stdout).toContain('forged');
    expect(stdout).not.toContain('##[');
  });

  it('a name in the repository is no command in a refusal or a plan', async () => {
    const project = projectWith({
      w: 'inputs: { a: { type: string, description: "##[error]x" } }\nsteps: [{ run: "true" }]\n',
    });
    expect((await say(project, 'plan w', { env })).stdout).not.toContain('##[');
    expect((await say(project, 'run ##[error]x', { env })).stderr).not.toContain('##[');
  });
});

describe('the path of a file with mistakes', () => {
  it('is shown without what a terminal obeys', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'codemachine-path-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const project = projectWith({});
    writeFileSync(path.join(directory, '\x1b]0;x\x07.yml'), 'name: 1\n');
    const { stdout } = await say(project, `validate ${path.join(directory, '\x1b]0;x\x07.yml')}`);
    expect(stdout).toContain('error[');
    expect(stdout).not.toContain('\x1b');
  });
});
