// Nothing that others wrote is obeyed, whichever command of the program shows it: not by GitHub's runner, not by a terminal.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scriptAgent } from '../app/scripted-agent.ts';
import { built } from '../support/built.ts';
import { type Command, githubRunner, readKeyValues } from '../support/github-runner.ts';
import { inProcess, type Printed, type Seat } from '../support/in-process.ts';
import { makeProject, type Project } from '../support/repository.ts';
import { CANARY, PAYLOADS } from '../support/runner-payloads.ts';
import { acts } from '../support/terminal-judge.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

interface Flag {
  readonly type: string;
  readonly options?: readonly string[];
}
const manifest = () =>
  JSON.parse(readFileSync(path.join(ROOT, 'oclif.manifest.json'), 'utf8')) as {
    readonly commands: Readonly<Record<string, { readonly flags: Readonly<Record<string, Flag>> }>>;
  };

/** Those that a program can be given, and YAML can hold: without NUL. */
const SAYABLE = PAYLOADS.filter((payload) => !payload.includes('\0'));
const ALL = SAYABLE.join('\n');
const LINE = SAYABLE.join(' ').replace(/[\r\n]+/g, ' ');

/** A text as YAML holds any. */
const yaml = (text: string): string =>
  JSON.stringify(text).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

const WORKFLOW = `name: ${yaml(LINE.slice(0, 900))}
description: ${yaml(ALL)}
inputs:
${SAYABLE.map((payload, n) => `  i${n}: { type: string, description: ${yaml(payload)}, default: ${yaml(payload)} }`).join('\n')}
outputs: { said: "\${{ steps.say.stdout }}" }
steps:
  - id: say
    name: ${yaml(LINE)}
    run: cat payloads; cat payloads >&2
  - id: fix
    engine: claude-code
    model: ${yaml(LINE.slice(0, 900))}
    access: write
    prompt: ${yaml(ALL)}
  - id: ask
    gate:
      message: ${yaml(ALL)}
      show: [diff, "\${{ steps.say.stdout }}", "\${{ steps.fix.text }}"]
      options: [approve, ${yaml(LINE.slice(0, 200))}]
      fields: { why: { type: string, description: ${yaml(ALL)} } }
  - { id: bad, run: "cat payloads >&2; exit 3" }
`;

/** Wrong in as many ways as there are payloads. */
const WRONG = `name: wrong
${SAYABLE.map((payload) => `${yaml(payload)}: 1`).join('\n')}
steps:
${SAYABLE.map((payload) => `  - { run: "true", needs: ${yaml(payload)}, if: ${yaml(`steps['${payload.replaceAll("'", '')}'].x`)} }`).join('\n')}
  - { prompt: ${yaml(ALL)}, engine: ${yaml(LINE)} }
`;

const TESTS = `workflow: w
tests:
  - name: ${yaml(LINE)}
    inputs: { i0: ${yaml(ALL)} }
    answers: { fix: ${yaml(ALL)} }
    expect: { status: succeeded, outputs: { said: ${yaml(ALL)} } }
`;

let project: Project;

beforeAll(async () => {
  await built();
  project = makeProject({
    '.codemachine/workflows/w.yml': WORKFLOW,
    '.codemachine/workflows/wrong.yml': WRONG,
    '.codemachine/workflows/w.test.yml': TESTS,
    payloads: `${PAYLOADS.join('\n')}\n`,
  });
  const plant = path.join(project.home, 'plant.mjs');
  const names = SAYABLE.map((name) => name.replaceAll('/', '_').slice(0, 80));
  mkdirSync(project.home, { recursive: true });
  writeFileSync(
    plant,
    `import { writeFileSync } from 'node:fs';\nfor (const name of ${JSON.stringify(names)}) writeFileSync(name, name);\nwriteFileSync('all', ${JSON.stringify(ALL)});\n`,
  );
  scriptAgent(project, `'${process.execPath}' '${plant}'; cat payloads`);
  const engine = path.join(project.base, 'engine.sh');
  const answer = JSON.stringify(ALL).replaceAll("'", '');
  writeFileSync(
    engine,
    readFileSync(engine, 'utf8')
      .replaceAll('"text":"done"', `"text":${answer}`)
      .replaceAll('"result":"done"', `"result":${answer}`),
  );
  writeFileSync(
    path.join(project.root, `${SAYABLE[40]?.replaceAll('/', '_') ?? ''}\x1b]0;${CANARY}\x07.yml`),
    WRONG,
  );
  execFileSync('git', ['checkout', '-q', '-b', `b\u200b\u2028${CANARY}`], {
    cwd: project.root,
    env: project.environ,
  });
  return () => project.remove();
});

const summary = (): string => path.join(project.base, 'summary');
const outputs = (): string => path.join(project.base, 'outputs');

const SEATS: Readonly<Record<'github' | 'terminal', () => Seat>> = {
  github: () => ({
    env: { GITHUB_ACTIONS: 'true', CI: 'true', GITHUB_STEP_SUMMARY: summary(), GITHUB_OUTPUT: outputs() },
    isTTY: false,
  }),
  // Nobody is drawn for: the view that draws over itself has tests of its own.
  terminal: () => ({ env: { TERM: 'xterm', CI: 'true', FORCE_COLOR: '1' }, isTTY: true }),
};

/** What makes each command show what others wrote. A command without a line here turns the first test red. */
const LINES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  run: [['w'], [ALL, '--detach']],
  validate: [['wrong'], ['w', 'wrong']],
  plan: [['w'], ['wrong']],
  runs: [[]],
  status: [['@last']],
  logs: [['@last'], ['@last', 'fix'], ['@last', ALL]],
  diff: [['@last'], ['@last', '--stat'], ['@last', ALL]],
  cost: [[]],
  engines: [[]],
  doctor: [['wrong'], ['w', '--input', ALL]],
  schema: [[]],
  completion: [[]],
  init: [['--list'], ['--template', ALL]],
  test: [[]],
  pause: [['@last']],
  approve: [['@last', 'ask', '--comment', ALL]],
  resume: [['@last']],
  reject: [['@last', ALL]],
  answer: [['@last', 'ask', '--option', ALL]],
  retry: [['@last']],
  apply: [
    ['@last', 'fix'],
    ['@last', ALL],
  ],
  restore: [
    ['@last', 'fix', '--before'],
    ['@last', ALL, '--before'],
  ],
  export: [['@last', '--output', 'run.codemachine']],
  import: [['run.codemachine'], ['payloads']],
  cancel: [['@last']],
  gc: [['--dry-run']],
};

/** Those that show a run as it goes on. */
const GROUPS = new Set(['run', 'resume', 'retry']);

/** What they say holds nothing of others. */
const QUIET = new Set(['engines', 'schema', 'completion', 'init', 'pause', 'cancel', 'gc', 'export']);

/** Of these a line is a whole run: shown to people in one seat, to programs in the other. */
const LONG = new Set(['run', 'resume', 'retry', 'test', 'export']);

/** What no command takes, and each has to name. */
const STRANGE: readonly (readonly string[])[] = [[ALL], [`--${LINE}`]];

/** The lines of a command, each in the forms that its flags give it. */
function linesOf(name: string, seat: keyof typeof SEATS): readonly (readonly string[])[] {
  const flags = Object.entries(manifest().commands[name]?.flags ?? {});
  const json = flags.some(([flag]) => flag === 'json') ? [['--json']] : [];
  const chosen = flags.flatMap(([flag, { options = [] }]) =>
    options.map((option) => [`--${flag}=${option}`]),
  );
  const forms = LONG.has(name)
    ? seat === 'github'
      ? [[]]
      : [...json, ...chosen.slice(0, 1)]
    : [[], ...chosen, ...json];
  const own = (LINES[name] ?? []).flatMap((line) => forms.map((form) => [...line, ...form]));
  return [...own, ...STRANGE.flatMap((line) => [line, ...json.map((form) => [...line, ...form])])];
}

/** Commands that a runner would obey and that are not ours. */
function forged(name: string, { text }: Printed): readonly Command[] {
  const runner = githubRunner();
  runner.read(text);
  return runner.commands.filter((command) => !isOurs(name, command));
}

/** What is wrong with a file is annotated, whoever finds it. */
function isOurs(by: string, { name, properties, data }: Command): boolean {
  if (name === 'group') return GROUPS.has(by) && /^(say|fix|bad|ask)\b/.test(data);
  if (name === 'endgroup') return GROUPS.has(by) && data === '';
  return ['error', 'warning', 'notice'].includes(name) && ![undefined, 'x'].includes(properties['title']);
}

const COMMANDS = readdirSync(path.join(ROOT, 'src/commands')).map((file) => file.replace(/\.ts$/, ''));

it('every command is tried', () => {
  expect(Object.keys(LINES)).toEqual(expect.arrayContaining(COMMANDS));
});

it('the judges obey what nobody takes apart', () => {
  const raw = { text: `${ALL}\n`, stdout: '', stderr: '', code: 0 };
  expect(forged('status', raw).length + forged('run', raw).length).toBeGreaterThan(20);
  expect(acts(ALL).length).toBeGreaterThan(15);
});

describe.each(['github', 'terminal'] as const)('%s', (seat) => {
  it.each(Object.keys(LINES).filter((name) => COMMANDS.includes(name)))('%s', async (name) => {
    let shown = 0;
    for (const line of linesOf(name, seat)) {
      const printed = await inProcess(project, [name, ...line], SEATS[seat]());
      const about = `codemachine ${name} ${line.join(' ').slice(0, 80)}`;
      expect(printed.code, `${about}\n${printed.text.slice(-500)}`).not.toBe(70);
      if (seat === 'github') expect(forged(name, printed), about).toEqual([]);
      else expect(acts(printed.text), about).toEqual([]);
      if (printed.text.includes(CANARY) && !STRANGE.some(([word]) => line[0] === word)) shown++;
    }
    // Where none of it is shown anything would hold.
    if (!QUIET.has(name)) expect(shown).toBeGreaterThan(0);
  });
});

it('what a step of GitHub Actions leaves is text, values and a drawing', () => {
  const [text, values] = [readFileSync(summary(), 'utf8'), readKeyValues(readFileSync(outputs(), 'utf8'))];
  expect(Object.keys(values)).toEqual(['run-id', 'status', 'outputs', 'cost-usd']);
  const drawings = [...text.matchAll(/\n```mermaid\n(.*?)\n```\n/gs)].map(([, drawing = '']) => drawing);
  expect(drawings.length).toBeGreaterThan(0);
  for (const drawing of drawings) {
    expect(drawing).toContain(CANARY);
    for (const line of drawing.split('\n'))
      expect(line.replace(/"[^"]*"/, '""')).toMatch(
        /^(flowchart TD| +[sf]\d+(\(\[""\]\)|\[""\]|\{\{""\}\})| +[sf]\d+ --> [sf]\d+| +class(Def)? [\w,]+ [\w#:;,.\- ]+)$/,
      );
  }
  const rest = text.replace(/\n```mermaid\n.*?\n```\n/gs, '').replace(/<(code|pre)>[^<]*<\/\1>/g, '');
  expect(rest).not.toContain(CANARY);
});
