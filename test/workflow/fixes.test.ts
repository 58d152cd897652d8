/** Holds every fix to what it promises: the complaint is gone, nothing else has changed, the same command runs. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MENDED } from '../../src/model/catalogue/about.ts';
import type { Diagnostic, Fix } from '../../src/model/diagnostic.ts';
import type { RunStep } from '../../src/model/workflow.ts';
import { applyFixes } from '../../src/workflow/fixes-apply.ts';
import { fencePlaces } from '../../src/workflow/shell-fences.ts';
import { readWorkflow } from '../../src/workflow/workflow.ts';
import { draw } from '../support/seed.ts';
import { casesOf, workflowOf, worldAt } from './fixtures.ts';

const directory = path.join(import.meta.dirname, 'bad');
const cases = casesOf(directory).filter(
  ({ file, name }) => file.endsWith('.yml') && !name.endsWith('.config'),
);

const lookAt = (text: string, folder: string) =>
  workflowOf({ path: 'case.yml', text }, worldAt(folder, { hasGit: !text.startsWith('# no-git') }));

const fixesOf = (diagnostics: readonly Diagnostic[]): readonly Fix[] =>
  diagnostics.flatMap(({ fix }) => (fix === undefined ? [] : [fix]));

/** A program with each expression in place of which a value stands, and its variables. */
function rendered(step: RunStep): { readonly script: string; readonly env: Record<string, string> } {
  const render = (parts: RunStep['script']['parts']) =>
    parts.map((part) => (typeof part === 'string' ? part : `v-${part.text.replace(/\W+/g, '-')}`)).join('');
  const env = Object.entries(step.env).map(([name, { parts }]) => [name, render(parts)] as const);
  return { script: render(step.script.parts), env: Object.fromEntries(env) };
}

/** What a shell would start: every command that is none of its own prints what it was given. */
function commands({ script, env }: ReturnType<typeof rendered>): string {
  const told =
    'command_not_found_handle() { printf "<%s>" "$@"; printf "\\n"; cat; }\ncat() { command -p cat "$@"; }\n';
  const { stdout, status } = spawnSync('bash', ['-c', `${told}cd "$(mktemp -d)"\n${script}`], {
    env: { ...env, PATH: '/usr/bin/none' },
    input: '',
    encoding: 'utf8',
  });
  return `${status}\n${stdout}`;
}

describe('every fix of the corpus', () => {
  const found = cases.map(async (each) => {
    const text = readFileSync(each.file, 'utf8');
    return { ...each, text, before: await lookAt(text, path.dirname(each.file)) };
  });

  test('are of the codes that the documentation names', async () => {
    const all = (await Promise.all(found)).flatMap(({ before }) => before.diagnostics);
    const mended = new Set(all.filter(({ fix }) => fix !== undefined).map(({ code }) => code));
    expect([...mended].sort()).toEqual([...MENDED].sort());
  });

  test.each(cases.map(({ code, name }, i) => [`${code}/${name}`, i] as const))('%s', async (_, i) => {
    const each = await found[i];
    if (each === undefined) throw new Error('no case');
    const { text, before, file } = each;
    const fixes = fixesOf(before.diagnostics);
    if (fixes.length === 0) return;
    const { text: mended, taken } = applyFixes(text, fixes);
    const after = await lookAt(mended, path.dirname(file));
    const gone = before.diagnostics.filter(({ fix }) => fix !== undefined && taken.has(fix));
    // The same complaint may be made of another place, which has no fix.
    const key = ({ code, message, fix }: Diagnostic) =>
      `${code}: ${message} ${fix === undefined ? '' : 'fix'}`;
    const left = new Set(after.diagnostics.map(key));
    expect(gone.map(key).filter((one) => left.has(one))).toEqual([]);
    const errors = (all: readonly Diagnostic[]) => all.filter(({ severity }) => severity === 'error').length;
    expect(errors(after.diagnostics)).toBeLessThanOrEqual(errors(before.diagnostics));
    const expected = file.replace(/\.yml$/, '.fixed');
    if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(expected, mended);
    expect(mended).toBe(readFileSync(expected, 'utf8'));
    // What is left says the same at the same words; only its place may have moved.
    const others = before.diagnostics.filter((d) => !gone.includes(d)).map(key);
    expect(after.diagnostics.map(key).filter((one) => !others.includes(one)).length).toBeLessThanOrEqual(
      gone.length,
    );
    sameCommands(text, mended, path.dirname(file));
  });
});

function sameCommands(before: string, after: string, folder: string): void {
  const [old, fresh] = [before, after].map((text) =>
    (readWorkflow({ path: 'case.yml', text }, worldAt(folder)).workflow?.steps ?? []).filter(
      (step) => step.kind === 'run',
    ),
  );
  for (const [i, step] of (old ?? []).entries()) {
    const other = fresh?.[i];
    if (other === undefined || JSON.stringify(step.script.parts) === JSON.stringify(other.script.parts))
      continue;
    expect(commands(rendered(other))).toBe(commands(rendered(step)));
  }
}

const HEAD =
  'name: case\ninputs:\n  a: { type: string, required: true }\n  b: { type: string, required: true }\nsteps:\n';

async function mended(steps: string): Promise<string> {
  const text = HEAD + steps;
  const { diagnostics } = await lookAt(text, '.');
  const fixed = applyFixes(text, fixesOf(diagnostics)).text;
  const left = (await lookAt(fixed, '.')).diagnostics;
  expect(fixesOf(left)).toEqual([]);
  if (fixed !== text) sameCommands(text, fixed, '.');
  return fixed.slice(HEAD.length);
}

describe('data in a script', () => {
  test.each([
    ['plain', '  - run: echo ${{ inputs.a }}\n', '  - run: echo "$A"\n    env: { A: "${{ inputs.a }}" }\n'],
    ['no line end', '  - run: echo ${{ inputs.a }}', '  - run: echo "$A"\n    env: { A: "${{ inputs.a }}" }'],
    [
      'a comment',
      '  - run: echo ${{inputs.a}} # why\n',
      '  - run: echo "$A" # why\n    env: { A: "${{ inputs.a }}" }\n',
    ],
    [
      'CRLF',
      '  - run: echo ${{ inputs.a }}\r\n    name: x\r\n',
      '  - run: echo "$A"\r\n    env: { A: "${{ inputs.a }}" }\r\n    name: x\r\n',
    ],
    [
      'double quotes',
      '  - run: "echo \'x\' \\"${{ inputs.a }}\\""\n',
      '  - run: "echo \'x\' \\"$A\\""\n    env: { A: "${{ inputs.a }}" }\n',
    ],
    [
      'unquoted in double quotes',
      '  - run: "echo ${{ inputs.a }}"\n',
      '  - run: "echo \\"$A\\""\n    env: { A: "${{ inputs.a }}" }\n',
    ],
    [
      'single quotes',
      "  - run: 'echo ${{ inputs.a }}'\n",
      '  - run: \'echo "$A"\'\n    env: { A: "${{ inputs.a }}" }\n',
    ],
    [
      'a block',
      '  - run: |\n      echo "${{ inputs.a }}s"\n      # done\n\n  - run: "true"\n',
      '  - env: { A: "${{ inputs.a }}" }\n    run: |\n      echo "${A}s"\n      # done\n\n  - run: "true"\n',
    ],
    [
      'two at once, one of them twice',
      '  -   run: echo ${{ inputs.a }} "${{ inputs.b }}" ${{ inputs.a }}\n',
      '  -   run: echo "$A" "$B" "$A"\n      env:\n        A: "${{ inputs.a }}"\n        B: "${{ inputs.b }}"\n',
    ],
    [
      'braces',
      "  - { id: x, run: 'echo ${{ inputs.a }}', timeout: 1m }\n",
      '  - { id: x, run: \'echo "$A"\', env: { A: "${{ inputs.a }}" }, timeout: 1m }\n',
    ],
    [
      'variables in braces',
      '  - run: echo ${{ inputs.a }}\n    env: { B: x } # mine\n',
      '  - run: echo "$A"\n    env: { B: x, A: "${{ inputs.a }}" } # mine\n',
    ],
    [
      'variables in lines',
      '  - env:\n      # mine\n      B: |\n        x\n    run: echo ${{ inputs.a }}\n',
      '  - env:\n      # mine\n      A: "${{ inputs.a }}"\n      B: |\n        x\n    run: echo "$A"\n',
    ],
    [
      'a variable that holds it',
      '  - run: echo ${{ inputs.a }}\n    env: { B: "${{ inputs.a }}" }\n',
      '  - run: echo "$B"\n    env: { B: "${{ inputs.a }}" }\n',
    ],
    [
      'a name that is taken',
      '  - run: A=1; echo ${{ inputs.a }} $A\n',
      '  - run: A=1; echo "$A_2" $A\n    env: { A_2: "${{ inputs.a }}" }\n',
    ],
    [
      'quotes in the expression',
      '  - run: echo ${{ format(\'"{0}"\', inputs.a) }}\n',
      '  - run: echo "$A"\n    env: { A: "${{ format(\'\\"{0}\\"\', inputs.a) }}" }\n',
    ],
    [
      'a here-document',
      '  - run: |\n      cat <<EOF\n      a ${{ inputs.a }}\n      EOF\n',
      '  - env: { A: "${{ inputs.a }}" }\n    run: |\n      cat <<EOF\n      a $A\n      EOF\n',
    ],
    [
      'comments above the script',
      '  - id: x\n    # why\n    # so\n    run: |\n      echo ${{ inputs.a }}\n',
      '  - id: x\n    env: { A: "${{ inputs.a }}" }\n    # why\n    # so\n    run: |\n      echo "$A"\n',
    ],
    [
      'a comment behind the dash',
      '  - # why\n    run: |\n      echo ${{ inputs.a }}\n',
      '  - # why\n    env: { A: "${{ inputs.a }}" }\n    run: |\n      echo "$A"\n',
    ],
    [
      'a dash alone',
      '  -\n    # why\n    run: |\n      echo ${{ inputs.a }}\n',
      '  -\n    # why\n    env: { A: "${{ inputs.a }}" }\n    run: |\n      echo "$A"\n',
    ],
    [
      'what makes a worktree ready, in one `env:` with the script',
      '  - run: echo ${{ inputs.a }}\n    workspace: { mode: isolated, setup: "echo ${{ inputs.b }} ${{ inputs.a }}" }\n',
      '  - run: echo "$A"\n    env:\n      A: "${{ inputs.a }}"\n      B: "${{ inputs.b }}"\n    workspace: { mode: isolated, setup: "echo \\"$B\\" \\"$A\\"" }\n',
    ],
    [
      'what makes the worktree of an agent ready',
      '  - prompt: hi\n    engine: codex\n    access: write\n    workspace:\n      mode: isolated\n      setup: echo ${{ inputs.a }}\n',
      '  - prompt: hi\n    engine: codex\n    access: write\n    env: { A: "${{ inputs.a }}" }\n    workspace:\n      mode: isolated\n      setup: echo "$A"\n',
    ],
    [
      'what is in brackets',
      '  - run: x=$(echo ${{ inputs.a }}); echo "$x"\n',
      '  - run: x=$(echo "$A"); echo "$x"\n    env: { A: "${{ inputs.a }}" }\n',
    ],
  ])('%s', async (_, before, after) => expect(await mended(before)).toBe(after));

  test.each([
    ["echo '${{ inputs.a }}'"],
    ['sh -c "echo ${{ inputs.a }}"'],
    ['echo ${{ inputs.a }} | bash'],
    ['${{ inputs.a }} --version'],
    ['for x in ${{ inputs.a }}; do echo "$x"; done'],
    ['eval echo ${{ inputs.a }}'],
    ['X=${{ inputs.a }}; sudo $X'],
    ['echo $((${{ inputs.a }} + 1))'],
    ['echo "${X:-${{ inputs.a }}}"'],
    ['python -c "print(${{ inputs.a }})"'],
    ['echo `git log ${{ inputs.a }}`'],
    ['list=(${{ inputs.a }})'],
    ['[[ ${{ inputs.a }} -eq 1 ]]'],
    ['echo \\${{ inputs.a }}'],
    ["cat <<'EOF'\n${{ inputs.a }}\nEOF"],
    ['bash <<EOF\n${{ inputs.a }}\nEOF'],
    ['psql <<EOF\n${{ inputs.a }}\nEOF'],
    ['f() { $1; }\nf ${{ inputs.a }}'],
    ['declare -i n="${{ inputs.a }}"'],
    ['[ -v "${{ inputs.a }}" ]'],
    ['test -v "${{ inputs.a }}"'],
    ['printf -v "${{ inputs.a }}" hi'],
    ['printf "${{ inputs.a }}"'],
    ['printf \'%d\' "${{ inputs.a }}"'],
    ['read -r "${{ inputs.a }}" <<< x'],
    ['unset "${{ inputs.a }}"'],
    ['mapfile -C "${{ inputs.a }}" -c 1 a'],
    ['PS4="${{ inputs.a }}"; set -x; echo'],
    ['git -c "${{ inputs.a }}" status'],
    ['git ${{ inputs.a }}'],
    ['git push origin ${{ inputs.a }}'],
    ['git log --output="${{ inputs.a }}"'],
    ['git log {,${{ inputs.a }}}'],
    ['GIT_SSH_COMMAND="${{ inputs.a }}" git fetch'],
    ['LD_PRELOAD=${{ inputs.a }} ls'],
    ['PATH="${{ inputs.a }}:$PATH" ls'],
    ['EDITOR="${{ inputs.a }}" git commit'],
    ['npx ${{ inputs.a }}'],
    ['strace ${{ inputs.a }}'],
    ['stdbuf -o0 ${{ inputs.a }}'],
    ['coproc ${{ inputs.a }}'],
    ['at now <<< "${{ inputs.a }}"'],
    ['crontab - <<< "${{ inputs.a }}"'],
    ['tar --to-command="${{ inputs.a }}" -xf a'],
    ['xargs sh -c ${{ inputs.a }}'],
    ['complete -C "${{ inputs.a }}" x'],
    ['find . -exec ${{ inputs.a }} \\;'],
    ['a[${{ inputs.a }}]=1'],
    ['x=${{ inputs.a }}; declare -i n=$x'],
    ['x=${{ inputs.a }}; [ -v $x ]'],
    ['exec > f; echo ${{ inputs.a }}; sh f'],
    ['echo ${{ inputs.a }} &> f; sh f'],
    ['echo ${{ inputs.a }} 1<> f; sh f'],
    ['echo ${{ inputs.a }}; $_'],
    ['sh -c "$(cat <<E)"\n${{ inputs.a }}\nE'],
    ['cat > ${{ inputs.a }}'],
    ['grep ${{ inputs.a }} f'],
    ['npm run ${{ inputs.a }}'],
    ['curl -K ${{ inputs.a }}'],
  ])('is left where it cannot be certain: %s', async (script) => {
    const steps = `  - run: |\n${script.replace(/^/gm, '      ')}\n`;
    expect(await mended(steps)).toBe(steps);
  });

  test.each([
    ['another shell', '  - run: print("${{ inputs.a }}")\n    shell: python\n'],
    ['a script by an alias', '  - run: &s echo ${{ inputs.a }}\n  - run: *s\n'],
    [
      'variables by an anchor',
      '  - run: echo ${{ inputs.a }}\n    env: &e { B: x }\n  - run: "true"\n    env: *e\n',
    ],
    [
      'variables by an alias',
      '  - run: "true"\n    env: &e { B: x }\n  - run: echo ${{ inputs.a }}\n    env: *e\n',
    ],
    [
      'what reads the variables that would be below it',
      "  - env:\n      A: ${{ inputs.a }}\n    run: echo ${{ format('{0}', env.A) }}\n",
    ],
    ['braces in braces', '  - { run: echo "${{ inputs.a }}s" }\n'],
  ])('is left with %s', async (_, steps) => expect(await mended(steps)).toBe(steps));
});

/** Pieces of scripts around an expression, `@`. */
const PIECES = [
  ...[
    'echo @',
    'echo "@"',
    "echo '@'",
    'echo a@b',
    'echo "$(echo @)"',
    'echo "$(echo "@")"',
    'x=@',
    'x="@"',
    'echo "$x"',
  ],
  ...[
    'eval "$x"',
    'sh -c "$x"',
    'sh -c "echo @"',
    'echo @ | sh',
    'echo @ | cat',
    'eval @',
    'for y in @; do echo "$y"; done',
  ],
  ...[
    'cat <<E\n@\nE',
    "cat <<'E'\n@\nE",
    'sh <<E\necho @\nE',
    'f() { $1; }',
    'f @',
    'y=(@)',
    'echo $((@))',
    '# @',
    '{ echo @; } | sh',
  ],
  ...[
    '[ @ = a ]',
    '[[ @ = a ]]',
    'case @ in a) echo;; esac',
    'echo ${x:-@}',
    '(echo @)',
    'echo @ > f',
    '. ./f',
    'sh f',
    'if [ "@" ]; then echo @; fi',
  ],
  ...[
    'echo \\@',
    'echo "\\@"',
    'export z=@',
    'sh -c "$z"',
    'echo @ && @',
    '@',
    'trap "@" EXIT',
    'printf %s @ | xargs echo',
    'echo "\'@\'"',
    'echo `echo @`',
    'declare -i n="@"',
    '[ -v "@" ]',
    'printf -v "@" hi',
    'read -r "@" <<< x',
    'a["@"]=1',
    'PS4="@"; set -x; echo',
    'set -x; echo "$x"',
    '[ "$x" -eq 1 ]',
    '[ $x ]',
    'declare -i m=$x',
    'git -c "@" status',
    'xargs sh -c "@"',
    'echo "@" &> f',
    '$_',
    'coproc @',
  ],
];

/** Each makes a file `here` wherever a shell obeys it. */
const HOSTILE = [
  '$(touch here)',
  '; touch here;',
  '`touch here`',
  "'; touch here; '",
  '"; touch here; "',
  '\ntouch here\n',
  'x[$(touch here)]',
  '\nE\ntouch here\n',
];

// One shell starts all the others: from here, a process as large as this one would be copied for each.
const DRIVER =
  'for d in */; do (cd "$d" && A=$(cat value; echo .) && export A="${A%.}" && "$0" ./script </dev/null); done';

test('what is mended obeys no data, whatever stands around it', () => {
  const script = fc
    .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 4 })
    .map((all) => all.join('\n').split('@'));
  const drawn = draw(fc.tuple(script, fc.constantFrom(...HOSTILE)), 300);
  const base = mkdtempSync(path.join(tmpdir(), 'codemachine-fix-'));
  const tried: string[] = [];
  try {
    for (const [parts, value] of drawn) {
      const places = fencePlaces(parts);
      // What is not mended is refused: nothing is promised of it.
      if (places.some((place) => place === undefined)) continue;
      const reading = (i: number) => (places[i] === undefined ? '' : places[i] === 'word' ? '"$A"' : '$A');
      const directory = path.join(base, String(tried.length));
      const mended = parts.map((part, i) => part + reading(i)).join('');
      mkdirSync(directory);
      writeFileSync(path.join(directory, 'script'), mended);
      writeFileSync(path.join(directory, 'value'), value);
      tried.push(mended);
    }
    for (const shell of ['bash', 'sh']) spawnSync('sh', ['-c', DRIVER, shell], { cwd: base });
    const obeyed = tried.filter((_, i) => existsSync(path.join(base, String(i), 'here')));
    expect(obeyed).toEqual([]);
    expect(tried.length).toBeGreaterThan(30);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});

describe('words', () => {
  test.each([
    ['  - runn: echo\n', '  - run: echo\n'],
    ['  - "runn": echo # x\n', '  - "run": echo # x\n'],
    ['  - { run: echo, continue-on-error: "yes" }\n', '  - { run: echo, continue-on-error: true }\n'],
    ['  - { run: echo, timeout: 5 minutes }\n', '  - { run: echo, timeout: 5m }\n'],
    [
      '  - { id: one, run: echo }\n  - { run: echo, needs: [onee] }\n',
      '  - { id: one, run: echo }\n  - { run: echo, needs: [one] }\n',
    ],
    [
      "  - { id: one, run: echo }\n  - run: echo\n    if: steps.one.status == 'cancelled' || steps.oen.exit-code == 1\n",
      "  - { id: one, run: echo }\n  - run: echo\n    if: steps.one.status == 'canceled' || steps.one.exit-code == 1\n",
    ],
    [
      '  - run: echo\n    if: |\n      ${{ always() }}\n',
      '  - run: echo\n    if: |-\n      ${{ always() }}\n',
    ],
  ])('%j', async (before, after) => expect(await mended(before)).toBe(after));

  test.each([
    ['a bare number may be seconds or minutes', '  - { run: echo, timeout: 5 }\n'],
    ['two words are as near', '  - { run: echo, outpts: {} }\n'],
    ['what others call it may mean something else', '  - { run: echo, timeout-minutes: 5 }\n'],
  ])('%s', async (_, steps) => expect(await mended(steps)).toBe(steps));
});
