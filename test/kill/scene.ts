// Makes the repository that runs are killed in: a graph of thirty steps, two writing agents among them.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeProject, type Project } from '../support/repository.ts';
import { openSwitchboard, type Switchboard } from './switchboard.ts';

/** A repository whose children call the test. */
export interface Scene {
  readonly project: Project;
  readonly board: Switchboard;
  /** Where a `git` stands that asks the test before it does anything; to be put in front of `PATH`. */
  readonly askingGit: string;
  /** Every attempt that was really begun, as `edit-one 2 half`: each child writes a line when it comes to life. */
  begun(): readonly string[];
  /** How many of them a host has started. */
  hosted(): number;
  close(): Promise<void>;
}

/** The steps of the graph, without the one of `finally`. */
export const STEPS = 30;

/** More than it takes for hosts to be started, however far a run has come. */
const FILLERS = 300;

/** The variable that says which life of the runner a child belongs to. Agents see `LC_*` and little else. */
export const LIFE_VARIABLE = 'LC_RIG_LIFE';

const FILES = {
  'notes.txt': 'first line\n',
  'doomed.txt': 'to be deleted\n',
  'tool.sh': '#!/bin/sh\necho tool\n',
  'deep/inside/kept.txt': 'kept\n',
};

/** Makes a scene in temporary directories. `wide`: with so many steps that hosts make the attempts. */
export async function setScene(wide = false): Promise<Scene> {
  const board = await openSwitchboard();
  const project = makeProject(FILES);
  const { base } = project;
  const log = path.join(base, 'begun.log');
  writeFileSync(log, '');
  const hosted = path.join(base, 'hosted.log');
  writeFileSync(hosted, '');
  const rig = path.join(base, 'rig.sh');
  writeFileSync(rig, rigScript(board.port, log, hosted));
  const agent = path.join(base, 'agent.sh');
  writeFileSync(agent, agentScript(rig));
  const askingGit = path.join(base, 'bin');
  mkdirSync(askingGit);
  writeFileSync(path.join(askingGit, 'git'), gitScript(board.port));
  chmodSync(path.join(askingGit, 'git'), 0o755);
  project.write('.codemachine/config.yml', `engines:\n  claude-code: { command: [bash, ${agent}] }\n`);
  project.write('.codemachine/workflows/graph.yml', workflow(rig, wide ? FILLERS : 0));
  project.git('add', '-A');
  project.git('commit', '-q', '-m', 'the graph');
  return {
    project,
    board,
    askingGit,
    begun: () => linesOf(log),
    hosted: () => linesOf(hosted).length,
    close: async () => {
      await board.close();
      project.remove();
    },
  };
}

function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean);
}

// The line in the log comes first: a child that is killed before it could call was begun all the same. Some heed no SIGTERM: the
// watcher gives them a second, in which the next runner comes and has to end them itself.
function rigScript(port: number, log: string, hosted: string): string {
  return `case $CODEMACHINE_STEP in a-3 | c-4 | edit-two) trap '' TERM ;; esac
hold() {
  printf '%s %s %s\\n' "$CODEMACHINE_STEP" "$CODEMACHINE_ATTEMPT" "$1" >> '${log}'
  IFS= read -r parent < /proc/$PPID/cmdline || true
  case $parent in *attempt-host*) echo "$CODEMACHINE_STEP" >> '${hosted}' ;; esac
  exec 9<> /dev/tcp/127.0.0.1/${port}
  printf 'step %s %s %s %s\\n' "$${LIFE_VARIABLE}" "$CODEMACHINE_STEP" "$CODEMACHINE_ATTEMPT" "$1" >&9
  IFS= read -r _ <&9 || exit 99
  exec 9>&-
}
`;
}

// The connection stays open over exec, so that its end is git's end.
function gitScript(port: number): string {
  const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  return `#!/bin/bash
exec 9<> /dev/tcp/127.0.0.1/${port}
printf 'git - %s\\n' "\${*//$'\\n'/ }" >&9
IFS= read -r _ <&9 || exit 99
exec '${git}' "$@"
`;
}

// What an agent leaves must be put back exactly, or it shows: a second attempt would append the same line again.
function agentScript(rig: string): string {
  const session = '00000000-0000-4000-8000-000000000001';
  const usage =
    '{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2}';
  return `set -euo pipefail
. '${rig}'
cat > /dev/null
me=$CODEMACHINE_STEP
echo '{"type":"system","subtype":"init","session_id":"${session}","model":"stand-in"}'
echo '{"type":"assistant","message":{"id":"msg_1","role":"assistant","model":"stand-in","content":[{"type":"text","text":"I begin."}],"usage":${usage}},"parent_tool_use_id":null,"session_id":"${session}"}'
echo "$me was here" >> notes.txt
rm -f doomed.txt
mkdir -p "new/$me"
echo half > "new/$me/half.txt"
echo "half of $me" > deep/inside/kept.txt
hold half
echo "all of $me" > deep/inside/kept.txt
rm "new/$me/half.txt"
head -c 400 /dev/zero | tr '\\0' x > "new/$me/big.txt"
chmod +x tool.sh
ln -s ../notes.txt "new/link-$me"
echo "$me again" >> notes.txt
echo "$me" > doomed.txt
hold whole
printf '%s\\n' '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"edited by '"$me"'","session_id":"${session}","total_cost_usd":0.01,"usage":${usage},"permission_denials":[],"terminal_reason":"completed"}'
`;
}

/** A step as the file writes it. */
interface Written {
  readonly id: string;
  readonly needs: readonly string[];
  readonly body: readonly string[];
}

function workflow(rig: string, fillers: number): string {
  const steps = [...graph(rig)];
  if (steps.length !== STEPS) throw new Error(`the graph has ${steps.length} steps`);
  const lines = steps.flatMap(({ id, needs, body }) => [
    `  - id: ${id}`,
    `    needs: [${needs.join(', ')}]`,
    ...body.map((line) => `    ${line}`),
  ]);
  return [
    'version: 1',
    'name: graph',
    'max-parallel: 3',
    'steps:',
    ...lines,
    // None of them is begun: they only make the run big, to its very end.
    ...Array.from(
      { length: fillers },
      (_, at) => `  - { id: filler-${at}, needs: [last], if: "1 == 2", run: 'true' }`,
    ),
    'finally:',
    '  - id: tidy',
    ...run(rig, 'echo tidied > out/tidy.txt').map((line) => `    ${line}`),
    'outputs:',
    '  text: ${{ steps.edit-two.text }}',
    '  sum: ${{ steps.last.outputs.sum }}',
    '  everything: ${{ steps.last.stdout }}',
    '',
  ].join('\n');
}

// A run step is begun again on the tree as it is, so each writes its own file, whole.
function run(rig: string, ...script: string[]): string[] {
  return ['run: |', ...[`. '${rig}'`, 'hold run', 'mkdir -p out', ...script].map((line) => `  ${line}`)];
}

function* graph(rig: string): Generator<Written> {
  const out = 'outputs: { value: number }';
  const value = (text: string): string => `echo "value=${text}" >> "$CODEMACHINE_OUTPUT"`;
  const given = (...ids: string[]): string =>
    `env: { ${ids.map((id, at) => `V${at}: "\${{ steps.${id}.outputs.value }}"`).join(', ')} }`;
  const mine = 'echo "$CODEMACHINE_STEP ${V0:-} ${V1:-}" > "out/$CODEMACHINE_STEP.txt"';

  yield { id: 'seed', needs: [], body: [out, ...run(rig, mine, value('7'))] };
  const first = Array.from({ length: 7 }, (_, at) => `a-${at + 1}`);
  for (const [at, id] of first.entries()) {
    yield { id, needs: ['seed'], body: [out, given('seed'), ...run(rig, mine, value(`$((V0 + ${at}))`))] };
  }
  yield {
    id: 'collect',
    needs: first,
    body: [out, given('a-1', 'a-7'), ...run(rig, 'cat out/a-*.txt > out/collect.txt', value('$((V0 + V1))'))],
  };
  yield {
    id: 'edit-one',
    needs: ['collect'],
    body: agent('Edit. The sum is ${{ steps.collect.outputs.value }}.'),
  };
  const second = Array.from({ length: 7 }, (_, at) => `b-${at + 1}`);
  for (const [at, id] of second.entries()) {
    // Three go beside the agent, which waits until it is alone; four come after it, in two chains.
    const needs = at < 3 ? ['collect'] : at < 5 ? ['edit-one', 'collect'] : ['edit-one', `b-${at - 1}`];
    const from = needs.at(-1) ?? 'collect';
    yield { id, needs, body: [out, given(from), ...run(rig, mine, value(`$((V0 * 2 + ${at}))`))] };
  }
  yield {
    id: 'count',
    needs: second,
    body: [out, given('b-6', 'b-7'), ...run(rig, mine, value('$((V0 + V1))'))],
  };
  yield { id: 'edit-two', needs: ['count'], body: agent('Edit after this: ${{ steps.edit-one.text }}') };
  const third = Array.from({ length: 10 }, (_, at) => `c-${at + 1}`);
  for (const [at, id] of third.entries()) {
    const needs = at < 2 ? ['collect'] : at < 6 ? ['edit-two', 'count'] : ['edit-two', `c-${at - 3}`];
    const from = needs.at(-1) ?? 'collect';
    yield { id, needs, body: [out, given(from), ...run(rig, mine, value(`$((V0 + ${at}))`))] };
  }
  yield {
    id: 'last',
    needs: third,
    body: [
      'outputs: { sum: number }',
      given('c-9', 'c-10'),
      ...run(rig, 'echo "sum=$((V0 + V1))" >> "$CODEMACHINE_OUTPUT"', 'cat out/[abc]*.txt notes.txt'),
    ],
  };
}

function agent(prompt: string): string[] {
  return ['engine: claude-code', 'access: write', `prompt: "${prompt}"`];
}
