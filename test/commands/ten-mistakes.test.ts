// What people see who make one of the usual mistakes, and that what the screen says gets them further.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { projectWith } from './project.ts';
import { type Scene, sceneIn } from './scene.ts';

beforeAll(built);

const SESSION = '00000000-0000-4000-8000-000000000001';
const USAGE = {
  input_tokens: 1200,
  output_tokens: 80,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};
const INIT = { type: 'system', subtype: 'init', session_id: SESSION, model: 'claude-opus-5-5' };

function said(text: string, usage = USAGE): object {
  const message = { id: 'r', model: 'claude-opus-5-5', content: [{ type: 'text', text }], usage };
  return { type: 'assistant', message, session_id: SESSION };
}

const DONE = {
  ...{ type: 'result', subtype: 'success', is_error: false, num_turns: 1, result: 'Done.' },
  ...{ session_id: SESSION, usage: USAGE, total_cost_usd: 0.75, terminal_reason: 'completed' },
  model_usage_since_last_result: {
    'claude-opus-5-5': { inputTokens: 1200, outputTokens: 80, costUSD: 0.75 },
  },
  permission_denials: [],
};
const NOTHING = { ...USAGE, input_tokens: 0, output_tokens: 0 };

/** A stand-in for Claude Code that prints these lines after its commands. */
function claude(lines: readonly object[], commands = '', code = 0): string {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const version = 'case "$1" in --version) echo "2.1.328 (Claude Code)"; exit;; esac';
  return `${version}\ncat > /dev/null\n${commands}\ncat <<'LINES'\n${text}LINES\nexit ${code}`;
}

const WORKS = claude([INIT, said('The test passes now.'), DONE], 'echo mended > mended.txt');
const refused = (result: string, more: readonly object[], error: string, status: number): string =>
  claude(
    [
      ...[INIT, ...more, { ...said(result, NOTHING), error }],
      {
        ...DONE,
        is_error: true,
        result,
        usage: NOTHING,
        total_cost_usd: 0,
        model_usage_since_last_result: {},
        api_error_status: status,
      },
    ],
    '',
    1,
  );

const CODEX = `case "$1" in --version) echo "codex-cli 0.169.0"; exit;; esac
cat > /dev/null
echo mended > mended.txt
cat <<'LINES'
${[
  { type: 'thread.started', thread_id: SESSION },
  { type: 'turn.started' },
  { type: 'item.completed', item: { id: 'item_0', type: 'agent_message', text: 'Mended.' } },
  { type: 'turn.completed', usage: { input_tokens: 900, cached_input_tokens: 0, output_tokens: 60 } },
]
  .map((line) => JSON.stringify(line))
  .join('\n')}
LINES`;

const FIX = `steps:
  - id: fix
    engine: claude-code
    access: write
    prompt: Mend the failing test.
  - id: test
    run: test -e mended.txt
`;

/** The screen at the end of a run. */
function screenOf(shown: string): string {
  return shown.slice(shown.indexOf('\n\n') + 2);
}

function scene(workflows: Readonly<Record<string, string>>): Scene {
  return sceneIn(projectWith(workflows));
}

it('an engine that is not installed', async () => {
  const one = scene({ fix: FIX });
  await one.type('run fix');
  one.act('installs it', () => one.install('claude', WORKS));
  expect(await one.follow(/codemachine resume .*/)).toContain('fix succeeded');
  one.holds('engine-missing');
});

it('an engine that is not signed in', async () => {
  const one = scene({ fix: FIX });
  const words = 'Not logged in · Please run /login';
  one.install('claude', refused(words, [], 'authentication_failed', 401));
  const failed = await one.type('run fix');
  // The same screen, from what is stored alone.
  expect(await one.type('status')).toBe(screenOf(failed));
  one.act('signs in', () => one.install('claude', WORKS));
  expect(await one.follow(/codemachine resume .*/)).toContain('fix succeeded');
  one.holds('not-signed-in');
});

it('a file that is no YAML', async () => {
  const one = scene({ hello: 'steps:\n  - id: hello\n    run: echo "hello\n\t- id: again\n' });
  await one.type('run hello');
  one.act('indents with spaces and gives `again` something to do', () =>
    one.project.write(
      '.codemachine/workflows/hello.yml',
      'name: hello\nsteps:\n  - id: hello\n    run: echo "hello"\n  - id: again\n    run: echo again\n',
    ),
  );
  expect(await one.type('run hello')).toContain('hello succeeded');
  one.holds('bad-yaml');
});

it('a step that is not there', async () => {
  const steps = (needs: string) =>
    `steps:\n  - id: build\n    run: echo built\n  - id: test\n    needs: [${needs}]\n    run: echo tested\n`;
  const one = scene({ check: steps('biuld') });
  const shown = await one.type('run check');
  const meant = /did you mean `(\w+)`/.exec(shown)?.[1] ?? '';
  one.act(`writes ${meant} there`, () =>
    one.project.write('.codemachine/workflows/check.yml', `name: check\n${steps(meant)}`),
  );
  expect(await one.type('run check')).toContain('check succeeded');
  one.holds('unknown-step');
});

it('an input that is missing', async () => {
  const one = scene({
    issue:
      'inputs:\n  issue: { type: number, required: true, description: the number of the issue }\nsteps:\n  - id: show\n    run: echo "issue $ISSUE"\n    env: { ISSUE: "${{ inputs.issue }}" }\n',
  });
  const shown = await one.type('run issue');
  const flag = /--input issue=/.exec(shown)?.[0] ?? '';
  expect(await one.type(`run issue ${flag}42`)).toContain('issue 42');
  one.holds('missing-input');
});

it('a directory without git', async () => {
  const one = scene({ fix: FIX });
  one.install('claude', WORKS);
  rmSync(path.join(one.project.root, '.git'), { recursive: true });
  const shown = await one.type('run fix');
  expect(shown).toContain('run `git init` here');
  one.act('runs git init', () => one.project.git('init', '-q', '-b', 'main'));
  expect(await one.type('run fix')).toContain('fix succeeded');
  one.holds('no-git');
});

it('a tree that was edited while the run stood still', async () => {
  const one = scene({ fix: FIX });
  const { project } = one;
  const half = claude([INIT, said('I begin with a.txt.')], 'echo half > a.txt').replace(
    'exit 0',
    'exec sleep 600',
  );
  one.install('claude', half);
  const env = { PATH: `${path.join(project.base, 'bin')}:${project.environ['PATH']}` };
  const run = startCli(project, ['run', 'fix'], {
    env,
    onLine: (line) => {
      if (line.includes('says:')) run.child.kill('SIGINT');
    },
  });
  const { stdout, stderr, code } = await run.ended;
  one.note('run fix', stdout + stderr, code);
  one.act('edits a.txt, which the agent had begun to edit', () => project.write('a.txt', 'mine\n'));
  const shown = await one.follow(/codemachine resume .*/);
  expect(project.read('a.txt')).toBe('mine\n');
  one.install('claude', WORKS);
  const [flag = ''] = /--keep-tree/.exec(shown) ?? [];
  expect(await one.type(`resume @last ${flag}`)).toContain('fix succeeded');
  expect(project.read('a.txt')).toBe('mine\n');
  one.holds('dirty-tree');
});

it('a gate where nobody sits', async () => {
  const one = scene({
    release:
      'steps:\n  - id: build\n    run: echo built\n  - id: ask\n    gate: { message: Release this? }\n  - id: ship\n    run: echo shipped\n',
  });
  await one.type('run release', { CI: 'true' });
  await one.follow(/codemachine approve .*/, { CI: 'true' });
  expect(await one.follow(/codemachine resume [^`\n]*/, { CI: 'true' })).toContain('release succeeded');
  one.holds('gate-in-ci');
});

it('a budget that is used up', async () => {
  const one = scene({
    fix: `budget: { usd: 0.5 }\n${FIX}  - id: tidy\n    engine: claude-code\n    access: write\n    prompt: Tidy up.\n`,
  });
  one.install('claude', WORKS);
  await one.type('run fix');
  expect(await one.follow(/codemachine resume .*/)).toContain('fix succeeded');
  one.holds('over-budget');
});

it('a quota that is used up', async () => {
  const one = scene({ fix: FIX });
  const resetsAt = Math.floor(Date.now() / 1000) + 3600;
  const event = {
    type: 'rate_limit_event',
    rate_limit_info: { status: 'rejected', resetsAt, rateLimitType: 'five_hour' },
    session_id: SESSION,
  };
  one.install('claude', refused("You've hit your limit", [event], 'rate_limit', 429));
  const parked = await one.type('run fix --park');
  // The same screen, from what is stored alone.
  expect(await one.type('status')).toBe(screenOf(parked));
  one.install('codex', CODEX);
  one.act('names a second engine: `engine: [claude-code, codex]`', () =>
    one.project.write(
      '.codemachine/workflows/fix.yml',
      `name: fix\n${FIX.replace('claude-code', '[claude-code, codex]')}`,
    ),
  );
  const shown = await one.type('resume @last --updated');
  expect(shown).toContain('fix succeeded');
  one.holds('quota');
});
