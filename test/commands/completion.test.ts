// Completes command lines in the shells themselves, names included that would run something if a shell read more in them than a name.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { SHELLS } from '../../src/app/completion/scripts.ts';
import { built } from '../support/built.ts';
import { cli, PROGRAM } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { projectWith, say } from './project.ts';

beforeAll(built);

const WORKFLOW = `name: tidy
description: Mend what fails.
inputs:
  issue: { type: number, default: 4, description: The issue }
  level: { type: choice, options: [low, high], default: low }
steps:
  - id: test
    run: "true"
  - id: ask
    gate: { message: "Ship: it?", options: [ship, hold], fields: { percent: { type: number, default: 1 } } }
`;

/** Each is found by its first letter. */
const HOSTILE = {
  A: 'A$(touch pwned)',
  B: 'B`touch pwned`',
  C: 'C blank;touch pwned',
  D: 'D:colon=equals@at',
  E: `E"double'single`,
  F: 'F!!',
  G: 'G$HOME*?{a,b}',
  H: 'H\\back%s',
  I: 'I\u00fc&|<>~#(p)[q]^',
};

/** What the shell may never be told: control characters, a flag. */
const UNSAYABLE = ['Jnew\nline', 'Jesc\u001b[31m', '-J', 'J\u202e'];

interface Shop {
  readonly project: Project;
  readonly env: Readonly<Record<string, string>>;
}

/** A project with a run that waits at its gate, and the program on the PATH. */
async function shop(): Promise<Shop> {
  const project = projectWith({ tidy: WORKFLOW });
  for (const name of [...Object.values(HOSTILE), ...UNSAYABLE])
    writeFileSync(
      path.join(project.root, '.codemachine/workflows', `${name}.yml`),
      WORKFLOW.replace('Mend', '$(touch pwned) \\t`touch pwned`: '),
    );
  await say(project, 'run tidy');
  const bin = path.join(project.base, 'bin');
  mkdirSync(bin);
  symlinkSync(PROGRAM, path.join(bin, 'codemachine'));
  symlinkSync(process.execPath, path.join(bin, 'node'));
  return { project, env: { ...project.environ, PATH: `${bin}:${project.environ['PATH'] ?? ''}` } };
}

function inShell({ project, env }: Shop, program: string, words: readonly string[]): readonly string[] {
  const { stdout, stderr } = spawnSync(program, words, {
    cwd: project.root,
    env: { TERM: 'dumb', ...env },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').slice(0, -1);
}

/** What is typed, and the line that it becomes; of more than one, the first. */
const LINES = [
  ['run t', 'run tidy'],
  ['cost --by=w', 'cost --by=workflow'],
  ['cost --by e', 'cost --by engine'],
  ['runs --li', 'runs --limit'],
  ['logs @la', 'logs @last'],
  ['logs @last t', 'logs @last test'],
  ['approve @last a', 'approve @last ask'],
  ['answer @last ask --option h', 'answer @last ask --option hold'],
  ['answer @last --field p', 'answer @last --field percent='],
  ['run tidy --input i', 'run tidy --input issue='],
  ['run tidy --input level=h', 'run tidy --input level=high'],
  ['run tidy --skip te', 'run tidy --skip test'],
  ['engines gem', 'engines gemini'],
  ['init --template loop', 'init --template looped-fix'],
  ['init --engine gem', 'init --engine gemini'],
  ['schema even', 'schema event'],
  ['init --template loop', 'init --template looped-fix'],
  ['compl', 'completion'],
] as const;

const typed = [...LINES.map(([line]) => line), ...Object.keys(HOSTILE).map((letter) => `run ${letter}`)];
const meant = [...LINES.map(([, line]) => line), ...Object.values(HOSTILE).map((name) => `run ${name}`)];

/** How each completes these lines and says what its words are then; a line each. */
const DRIVERS = {
  bash: `source <(codemachine completion bash)
for line in "$@"; do
  COMP_LINE="codemachine $line" COMP_POINT=$(( \${#line} + 12 )) COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'
  _codemachine 2>/dev/null
  # What readline does: it puts the candidate in the place of what stands behind the last of those characters.
  word=\${line##*[ =:]}
  eval "words=(\${line%"$word"}\${COMPREPLY[0]})"
  echo "\${words[*]}"
done`,
  zsh: `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1= PS2=; autoload -Uz compinit; compinit -u -D; source <(command codemachine completion zsh); setopt menu_complete no_bang_hist; codemachine() { print -r -- "GOT<$*>TOG" }; print RE""ADY'
zpty -r z out '*READY*'
for line in "$@"; do
  zpty -w -n z "codemachine $line"$'\\t'
  zpty -w -n z $'\\n'
  zpty -r z out '*GOT<*>TOG*'
  print -r -- "\${\${out#*GOT<}%%>TOG*}"
done
zpty -d z`,
  fish: `codemachine completion fish | source
for line in $argv
  set -l found (complete -C "codemachine $line" --escape)
  set -l kept (string replace -r '[^ ]*$' '' -- $line)
  eval set -l words $kept(string split -f 1 \\t -- $found[1])
  echo "$words"
end`,
};

const START = { bash: ['--norc', '-c'], zsh: ['-f', '-c'], fish: ['--no-config', '-c'] };

describe.each(SHELLS)('in %s', (shell) => {
  const missing = spawnSync(shell, ['-c', ':']).status !== 0;

  it.skipIf(missing)(
    `completes as the line is meant${missing ? ` (skipped: there is no ${shell})` : ''}`,
    async () => {
      const at = await shop();
      const words = [...START[shell], DRIVERS[shell], ...(shell === 'fish' ? [] : [shell]), ...typed];
      expect(inShell(at, shell, words)).toEqual(meant);
      expect(readdirSync(at.project.root)).not.toContain('pwned');
    },
  );
});

async function asked({ project, env }: Shop, shell: string, ...rest: string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await cli(project, ['__complete', shell, ...rest], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').slice(0, -1);
}

it('says nothing that is no name on one line, and describes what it says in one', async () => {
  const at = await shop();
  const lines = await asked(at, 'fish', 'codemachine run ');
  expect(lines).toHaveLength(2 + Object.keys(HOSTILE).length);
  expect(lines.join('')).not.toMatch(/J/);
  for (const line of lines) expect(line).toMatch(/^[^\p{C}]*(\t[^\p{C}]*)?$/u);
  expect(lines).toContain('tidy\tMend what fails.');
  const [, last, run] = await asked(at, 'zsh', 'status', '');
  expect(last).toBe('@last:tidy: parked');
  expect(run).toMatch(/^\d{8}-\d{6}-\w{4}:tidy: parked$/);
});

it('leaves the state as it is, and says nothing where that cannot be read', async () => {
  const at = await shop();
  const { stateDir } = at.project;
  const before = readdirSync(stateDir);
  expect(await asked(at, 'bash', 'codemachine status @', ' ')).toEqual(['+', '@last']);
  expect(readdirSync(stateDir)).toEqual(before);
  at.project.write('.codemachine/state/codemachine.db', 'no database');
  expect(await asked(at, 'bash', 'codemachine status ', ' ')).toEqual([]);
  const elsewhere = path.join(at.project.base, 'none');
  expect(await asked(at, 'bash', `codemachine status --state-dir ${elsewhere} `, ' ')).toEqual(['+']);
  expect(existsSync(elsewhere)).toBe(false);
});

it.each([
  [{ SHELL: '/usr/bin/zsh' }, 0, 'source <(codemachine completion zsh)'],
  [{ SHELL: '/bin/fish' }, 0, 'codemachine completion fish | source'],
  [{ SHELL: '/bin/tcsh' }, 2, 'codemachine completion bash|zsh|fish'],
])('completion for %j says what to type', async (env, code, words) => {
  const said = await cli(projectWith({}), ['completion'], { env });
  expect(said.stdout + said.stderr).toContain(words);
  expect(said.code).toBe(code);
});
