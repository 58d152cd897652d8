// Runs the workflow that uses every key of the language: validated, planned, run with stand-ins, run again from the recording.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ends, eventsOf, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { judgeProject } from './judge-project.ts';

beforeAll(built);

const GOOD = path.join(import.meta.dirname, '../workflow/good');

/** Writes what is asked of it, and judges for the first candidate. */
const AGENT = `
export function answer({ step, prompt, write }) {
  if (step === 'look') return JSON.stringify({ line: 'all is well', level: 'low' });
  if (step === 'pick:judge') {
    const letters = [...prompt.matchAll(/ candidate ([A-Z]+) begins/g)].map((found) => found[1]);
    const each = (value) => Object.fromEntries(letters.map((letter) => [letter, value]));
    return JSON.stringify({ winner: letters[0], scores: each(1), reasons: each('fine') });
  }
  if (!['go-on', 'branch-off'].includes(step)) write(step.replace(/\\W/g, '-') + '.txt', 'made\\n');
  return 'done';
}
`;

const CODEX = `case "\${1-}" in --version) echo codex-cli 0.169.0; exit;; esac
cat > /dev/null
echo '{"type":"thread.started","thread_id":"00000000-0000-4000-8000-000000000002"}'
echo '{"type":"item.completed","item":{"id":"item_0","type":"agent_message","text":"done"}}'
echo '{"type":"turn.completed","usage":{"input_tokens":1,"cached_input_tokens":0,"output_tokens":1}}'
`;

/** The project of the kitchen sink; without engines, nobody but a recording answers. */
function kitchen(agent: string, codex: string): Project {
  const project = judgeProject('steps: [{ run: "true" }]\n', agent);
  for (const file of ['kitchen-sink.yml', 'parts/sink.yml', 'prompts/sink.md'])
    project.write(`.codemachine/workflows/${file}`, readFileSync(path.join(GOOD, file), 'utf8'));
  writeFileSync(path.join(project.base, 'codex.sh'), codex);
  const engines = {
    'claude-code': { command: [process.execPath, path.join(project.base, 'engine.mjs')] },
    codex: { command: ['sh', path.join(project.base, 'codex.sh')] },
  };
  project.write('.codemachine/config.yml', stringify({ engines }));
  project.git('add', '-A');
  project.git('commit', '-q', '-m', 'kitchen');
  return { ...project, environ: { ...project.environ, KITCHEN_TOKEN: 'a-token-of-the-kitchen' } };
}

it('the workflow with every key validates, plans, runs, and runs from its recording', async () => {
  const first = kitchen(AGENT, CODEX);
  expect(await say(first, 'validate kitchen-sink --strict')).toMatchObject({ code: 0 });
  const plan = await say(first, 'plan kitchen-sink');
  expect(plan.code).toBe(0);
  for (const step of ['list', 'look', 'fix', 'pick', 'round', 'ask', 'say ', 'last'])
    expect(plan.stdout).toContain(step);
  for (const form of ['json', 'dot', 'mermaid', 'text'])
    expect(await say(first, `plan kitchen-sink --graph ${form}`)).toMatchObject({ code: 0 });
  const recording = path.join(first.base, 'recording');
  const ran = await eventsOf(first, `run kitchen-sink --record ${recording}`);
  expect(of(ran.events, 'step-failed')).toEqual([]);
  expect(ran.code).toBe(0);
  const outputs = of(ran.events, 'run-finished')[0]?.outputs;
  expect(outputs).toMatchObject({ said: 'released 1.2', counted: 2 });
  expect(readdirSync(recording).length).toBeGreaterThan(5);

  const second = kitchen('export const answer = () => { throw new Error("asked"); };', 'exit 1');
  const again = await eventsOf(second, `run kitchen-sink --replay ${recording}`);
  expect(of(again.events, 'step-failed')).toEqual([]);
  expect(again.code).toBe(0);
  expect(ends(again.events)).toEqual(ends(ran.events));
  expect(of(again.events, 'run-finished')[0]?.outputs).toEqual(outputs);
  expect(second.picture()).toEqual(first.picture());
});
