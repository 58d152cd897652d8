// A stand-in for Claude Code whose answer is a shell script: what agents leave in the tree is under the test's control.
import path from 'node:path';
import { stringify } from 'yaml';
import type { Project } from '../support/repository.ts';

const USAGE = {
  input_tokens: 10,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 2,
};
const SESSION = '00000000-0000-4000-8000-000000000001';

/**
 * Makes the engine of a project run the file `agent.sh` of its home, which the test writes and may change between attempts. A
 * script that ends with another code than 0 is an engine that died without a word.
 */
export function scriptAgent(project: Project, script: string, version?: string): void {
  const engine = path.join(project.base, 'engine.sh');
  const lines = [
    { type: 'system', subtype: 'init', session_id: SESSION, model: 'stand-in', claude_code_version: version },
    {
      type: 'assistant',
      message: { id: 'reply', model: 'stand-in', content: [{ type: 'text', text: 'done' }], usage: USAGE },
      session_id: SESSION,
    },
    {
      ...{ type: 'result', subtype: 'success', is_error: false, num_turns: 1, result: 'done', usage: USAGE },
      model_usage_since_last_result: { 'stand-in': { inputTokens: 10, outputTokens: 2, costUSD: 0.01 } },
      ...{ session_id: SESSION, total_cost_usd: 0.01, permission_denials: [], terminal_reason: 'completed' },
    },
  ].map((line) => `echo '${JSON.stringify(line)}'`);
  const agent = path.join(project.home, 'agent.sh');
  project.write(path.relative(project.root, agent), script);
  project.write(
    path.relative(project.root, engine),
    `if [ "\${1-}" = --version ]; then echo 2.1.328; exit; fi\ncat > /dev/null\n${lines[0]}\nbash -eu '${agent}' >&2 || exit 9\n${lines[1]}\n${lines[2]}\n`,
  );
  project.write(
    '.codemachine/config.yml',
    stringify({ engines: { 'claude-code': { command: ['bash', engine] } } }),
  );
}
