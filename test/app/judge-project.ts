// A project whose four candidates and judge are scripts: what they change, say and are shown is under the test's control.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { projectWith } from '../commands/project.ts';
import type { Project } from '../support/repository.ts';

/** Stands in for Claude Code: keeps the prompt, and answers with what `agent.mjs` of the home gives for the step and the prompt. */
const ENGINE = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
if (process.argv.includes('--version')) {
  console.log('2.1.328');
  process.exit(0);
}
const { HOME: home, CODEMACHINE_STEP: step, CODEMACHINE_ATTEMPT: attempt } = process.env;
const prompt = readFileSync(0, 'utf8');
const session = '00000000-0000-4000-8000-0000000000' + (10 + step.length % 80);
const say = (line) => process.stdout.write(JSON.stringify({ ...line, session_id: session }) + '\\n');
say({ type: 'system', subtype: 'init', model: 'stand-in' });
mkdirSync(path.join(home, 'prompts'), { recursive: true });
writeFileSync(path.join(home, 'prompts', step + '.' + attempt), prompt);
appendFileSync(path.join(home, 'asked'), step + '\\n');
const { answer } = await import(pathToFileURL(path.join(home, 'agent.mjs')).href);
const text = await answer({ step, prompt, session, write: writeFileSync, cwd: process.cwd() });
const usage = { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 2 };
say({ type: 'assistant', message: { id: 'reply', model: 'stand-in', content: [{ type: 'text', text }], usage } });
say({ type: 'result', subtype: 'success', is_error: false, num_turns: 1, result: text, usage, total_cost_usd: 0.01, permission_denials: [], terminal_reason: 'completed' });
`;

/** What a candidate does, by the value of its axis: the text of \`made.txt\`. */
export const AGENT = `
export function answer({ step, prompt, write, session, cwd }) {
  if (step.endsWith(':judge')) return judge(prompt);
  const who = step.slice(step.indexOf('[') + 1, -1);
  write('made.txt', { amber: 'broken\\n', brown: 'fine work\\n', coral: 'broken too\\n', delta: 'the best work\\n' }[who]);
  write(who === 'delta' ? 'notes.txt' : 'other.txt', 'kept\\n');
  return 'I worked in ' + cwd + ' in the session ' + session + '.';
}
function judge(prompt) {
  const fence = /^(=====[0-9a-f]{24}=====) candidate/m.exec(prompt)[1];
  const shown = prompt.split(fence + ' candidate ').slice(1).filter((part) => /^[A-Z]+ begins/.test(part));
  const letters = shown.map((part) => part.split(' ', 1)[0]);
  const score = (part) => (part.includes('the best work') ? 9 : 4);
  const best = shown.toSorted((a, b) => score(b) - score(a))[0].split(' ', 1)[0];
  return JSON.stringify({
    winner: best,
    scores: Object.fromEntries(letters.map((one, i) => [one, score(shown[i])])),
    reasons: Object.fromEntries(letters.map((one) => [one, 'because of ' + one])),
  });
}
`;

/** Four candidates of whom two fail the checks. */
export const BEST_OF = `agents:
  coder: { engine: claude-code, access: write }
  judge: { engine: claude-code, access: read }
steps:
  - id: fix
    agent: coder
    matrix: { who: [amber, brown, coral, delta] }
    workspace: isolated
    prompt: Make it good.
  - id: pick
    reduce:
      from: fix
      mode: best-of
      agent: judge
      rubric: The smallest change that does it.
      checks:
        - test -s made.txt
        - echo "$CODEMACHINE_STEP" >> "$HOME/checked"; ! grep -q broken made.txt
  - id: after
    run: cat made.txt && ls
    env: { WINNER: "\${{ steps.pick.output.winner }}" }
outputs:
  winner: steps.pick.output.winner
`;

/** A project with the workflow `w`; `agent` is the module that answers. */
export function judgeProject(workflow: string = BEST_OF, agent: string = AGENT): Project {
  const project = projectWith({ w: workflow });
  const engine = path.join(project.base, 'engine.mjs');
  project.write(path.relative(project.root, engine), ENGINE);
  project.write(path.relative(project.root, path.join(project.home, 'agent.mjs')), agent);
  project.write(
    '.codemachine/config.yml',
    stringify({ engines: { 'claude-code': { command: [process.execPath, engine] } } }),
  );
  project.git('add', '-A');
  project.git('commit', '-q', '-m', 'configuration');
  return project;
}

/** The steps that an agent was asked for, in order. */
export function asked(project: Project): readonly string[] {
  return linesOf(path.join(project.home, 'asked'));
}

function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

/** What an agent was asked, by `step.attempt`. */
export function prompts(project: Project): Readonly<Record<string, string>> {
  const directory = path.join(project.home, 'prompts');
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(path.join(directory, name), 'utf8')]),
  );
}
