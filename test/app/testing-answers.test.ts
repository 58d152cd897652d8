// Holds what tests of workflows put in place of agents, commands, gates and time.
import { expect, test } from 'vitest';
import { failures, leftovers, report, testedProject } from './testing.ts';

test('agents answer as it is written, per execution or one time after the other', async () => {
  const project = testedProject(
    `name: work
agents:
  coder: { engine: [codex, claude-code], access: write }
steps:
  - id: plan
    engine: claude-code
    access: read
    prompt: Plan it.
    output: { type: object, required: [risk], properties: { risk: { enum: [low, high] }, files: { type: array } } }
  - id: build
    loop:
      max: 3
      until: steps.test.exit-code == 0
      steps:
        - id: code
          agent: coder
          session: continue
          prompt: "Code: \${{ steps.plan.output.risk }}, \${{ loop.previous.steps.test.stdout }}"
        - id: test
          run: grep -c right code.txt
          continue-on-error: true
outputs: { plan: "\${{ steps.plan.output }}", rounds: "\${{ steps.build.count }}" }
`,
    `
  - name: loops
    answers:
      plan: { output: { risk: low, files: [a, b] }, usage: { input-tokens: 10, usd: 0.25 } }
      build[1].code: { files: { code.txt: "wrong\\n" }, session: first }
      code: [{ text: mended, files: { code.txt: "right\\n", deep/er.txt: x, a.txt: null }, usage: { usd: 0.5 } }]
    expect:
      steps:
        plan: { status: succeeded, output: { risk: low }, attempts: 1, executions: 1 }
        build: { count: 2 }
        build[1].test: { status: failed, failure: { reason: exit-code, message: { contains: exit code } } }
        test: { status: succeeded, stdout: "1", executions: 2, exit-code: 0 }
        code: { text: mended, engine: codex }
      order: [plan, "build[1].code", "build[1].test", "build[2].code", test]
      prompts:
        plan: Plan it.
        code: [{ contains: "Code: low" }, { matches: "^Code: low, 0$" }]
      outputs: { plan: { files: [a, b] }, rounds: 2 }
      files: { code.txt: right, deep/er.txt: present, a.txt: absent }
      cost-usd: { min: 0.75, max: 0.75 }
`,
  );
  const said = await report(project);
  expect(failures(said)).toEqual([]);
  expect(said).toMatchObject({ code: 0, passed: 1, failed: 0, skipped: 0 });
});

test('a cost outside of its bounds is said, whichever of them there is', async () => {
  const project = testedProject(
    'name: work\nsteps:\n  - { id: ask, engine: codex, access: read, prompt: Ask. }\n',
    ['{ max: 0.01 }', '{ min: 1 }', '{ min: 0, max: 0.03 }', '0.5']
      .map(
        (cost, i) => `  - name: case ${i}
    answers: { ask: { text: x, usage: { input-tokens: 1, output-tokens: 1, usd: 0.02 } } }
    expect: { cost-usd: ${cost} }
`,
      )
      .join(''),
  );
  const said = await report(project);
  expect(said).toMatchObject({ code: 1, passed: 1, failed: 3 });
  expect(failures(said).map((line) => line.replace(/^\S+ /, ''))).toMatchInlineSnapshot(`
    [
      "expect.cost-usd.max | at most 0.01 | 0.02",
      "expect.cost-usd.min | at least 1 | 0.02",
      "expect.cost-usd | 0.5 | 0.02",
    ]
  `);
});

test('what the workflow waits for takes no time: retries, quotas, reminders and the time of a gate', async () => {
  const project = testedProject(
    `name: work
steps:
  - id: ask
    engine: [codex, claude-code]
    access: read
    retry: { attempts: 3, delay: 2h, max-delay: 9h, on: [transient] }
    on-quota: wait
    prompt: Ask.
  - id: gate
    gate: { message: Go on?, timeout: 72h, on-timeout: approve, remind: 1h }
  - id: late
    needs: [ask]
    timeout: 1s
    continue-on-error: true
    run: sleep 20
  - id: slow
    needs: [ask]
    timeout: 1h
    run: sleep 1
`,
    `
  - name: waits
    answers:
      ask:
        - failure: { reason: overloaded }
        - failure: { reason: quota, retry-after: 5h, message: used up }
        - failure: { reason: rate-limit }
        - text: at last
    gates: { gate: timeout }
    expect:
      steps:
        ask: { attempts: 4, text: at last, engine: codex }
        gate: { status: succeeded, decision: approve }
        late: { status: failed, failure: { reason: timeout } }
        slow: succeeded
`,
  );
  expect(failures(await report(project))).toEqual([]);
});

test('gates are decided as it is written, and a decision that cannot be made is said', async () => {
  const project = testedProject(
    `name: work
steps:
  - id: ship
    gate:
      message: Ship it?
      show: [diff]
      options: [ship, later, reject]
      fields: { version: { type: string, required: true }, beta: { type: boolean, default: false } }
  - id: go
    if: steps.ship.decision == 'ship'
    run: echo "$VERSION"
    env: { VERSION: "\${{ steps.ship.output.version }}" }
`,
    `
  - name: ships
    gates: { ship: { decision: ship, answers: { version: "1.10" }, comment: well } }
    expect: { steps: { ship: { decision: ship, output: { version: "1.10", beta: false } }, go: { stdout: "1.10" } } }
  - name: rejects
    gates: { ship: reject }
    expect: { status: failed, steps: { ship: { failure: { reason: rejected } } }, not-run: go, message: { contains: reject } }
  - name: parks
    expect: { status: parked, not-run: [go] }
  - name: nobody decides
    expect: { steps: { go: succeeded } }
  - name: no such option
    gates: { ship: approve }
    expect: { steps: { go: succeeded } }
  - name: without the field
    gates: { ship: ship }
    expect: { steps: { go: succeeded } }
  - name: without a time that could run out
    gates: { ship: timeout }
    expect: { steps: { go: succeeded } }
`,
  );
  const said = await report(project);
  expect(said).toMatchObject({ code: 1, passed: 3, failed: 4 });
  expect(failures(said)).toEqual([
    '12:11 nobody decides at the gate ship: Ship it?',
    '14:11 `approve` is no option of the gate ship',
    '17:11 the gate ship cannot be answered so: the field `version` is required: give it with `--field version=…`',
    '20:11 the gate ship has no `timeout` that could run out',
  ]);
});

test('the time of a gate passes while nobody works, and looking at the files that it shows is work', async () => {
  const project = testedProject(
    `name: work
steps:
  - { id: pack, run: 'for i in 1 2 3 4 5 6 7 8; do echo $i > $i.out; done', artifacts: '*.out' }
  - { id: ship, gate: { message: Ship it?, show: ['artifact:*.out'], timeout: 24h } }
`,
    '  - { name: ships, gates: { ship: approve }, expect: { steps: { ship: { decision: approve } } } }\n',
  );
  expect(failures(await report(project))).toEqual([]);
});

test('commands are executed, or come to what is written', async () => {
  const project = testedProject(
    `name: work
steps:
  - id: list
    run: exit 9
    outputs: { packages: json, count: number, title: string }
  - id: each
    matrix: { pkg: "\${{ steps.list.outputs.packages }}" }
    env: { PKG: "\${{ matrix.pkg }}" }
    run: echo "$PKG of $(cat made.txt)"
  - id: flaky
    retry: { attempts: 2, delay: 1h }
    run: exit 9
`,
    `
  - name: answered
    runs:
      list: { outputs: { packages: [core, ui], count: 2, title: 7 }, files: { made.txt: both }, stdout: "two\\n\\n" }
      flaky: [{ exit-code: 3, stderr: no luck }, { stdout: luck }]
    expect:
      steps:
        list: { stdout: two, outputs: { packages: [core, ui], title: "7" } }
        each: { executions: 2 }
        each[ui]: { stdout: ui of both }
        flaky: { attempts: 2, stdout: luck }
      order: [list, each, flaky]
  - name: executed
    expect: { status: failed, steps: { list: { exit-code: 9 } }, not-run: [each, flaky] }
  - name: wrongly answered
    runs: { list: { outputs: { packages: [], count: many, packets: 1 } }, flaky: {} }
    expect: { steps: { each: skipped } }
`,
  );
  expect(failures(await report(project))).toEqual([
    '17:11 the output `count` of list is a number, and the test gives another value',
    '17:11 list declares no output `packets`',
  ]);
});

test('agents in worktrees write there, and are merged', async () => {
  const project = testedProject(
    `name: work
steps:
  - id: fix
    matrix: { who: [a, b] }
    engine: codex
    access: write
    workspace: isolated
    prompt: "Fix \${{ matrix.who }}"
  - id: look
    run: cat a.txt b.txt
`,
    `
  - name: merges
    answers:
      fix[a]: { files: { a.txt: "by a\\n" } }
      fix[b]: { files: { b.txt: "by b\\n" } }
    expect: { steps: { look: { stdout: "by a\\nby b" }, fix: { executions: 2 } }, prompts: { "fix[b]": Fix b } }
`,
  );
  expect(failures(await report(project))).toEqual([]);
  expect(project.git('worktree', 'list', '--porcelain').match(/^worktree /gm)).toHaveLength(1);
  expect(leftovers(project)).toEqual([]);
});

test('whoever resolves a conflict is answered by a key of its own', async () => {
  const project = testedProject(
    `name: work
agents: { mender: { engine: codex, access: write } }
steps:
  - id: fix
    matrix: { who: [a, b] }
    engine: codex
    access: write
    workspace: { mode: isolated, on-conflict: { agent: mender } }
    prompt: "Fix \${{ matrix.who }}"
`,
    `
  - name: resolves
    answers:
      fix[a]: { files: { a.txt: "by a\\n" } }
      fix[b]: { files: { a.txt: "by b\\n" } }
      fix[b].on-conflict: { files: { a.txt: "by both\\n" } }
    expect: { files: { a.txt: by both }, prompts: { "fix[b].on-conflict": { contains: a.txt } } }
  - name: nobody resolves
    answers: { fix: [{ files: { a.txt: one } }, { files: { a.txt: two } }] }
    expect: { status: failed }
`,
  );
  const said = await report(project);
  expect(said.tests[0]).toMatchObject({ status: 'passed' });
  expect(failures(said)[0]).toMatch(
    /^10:11 fix\[[ab]\]\.on-conflict asks codex, and the test has no answer$/,
  );
});

test('an answer is held to what the step allows', async () => {
  const project = testedProject(
    `name: work
steps:
  - { id: plan, engine: codex, access: read, prompt: Plan., output: { type: object, required: [risk] } }
  - { id: say, engine: codex, access: read, prompt: Say. }
`,
    `
  - name: no fit
    answers: { plan: { output: { rusk: low } } }
    expect: { status: failed, steps: { plan: { failure: { reason: output, message: { contains: risk } } } } }
  - name: too much
    answers: { plan: { output: { risk: low }, files: { x: y } }, say: { output: 1 } }
    expect: { status: succeeded }
`,
  );
  expect(failures(await report(project))).toEqual([
    '7:11 plan may only read, and its answer writes files',
    '7:11 say asks for no `output`, and its answer has one',
  ]);
});
