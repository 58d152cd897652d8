// Plays the workflows of docs/recipes.md through, with answers in the place of agents.
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { cli } from '../support/cli.ts';
import { makeProject } from '../support/repository.ts';
import { commandsOf } from './calls.ts';
import { snippetsOf } from './snippets.ts';

const snippets = snippetsOf('docs/recipes.md');
const files = snippets
  .filter(({ language }) => language === 'yaml')
  .map(({ line, text }) => ({
    line,
    text,
    path: /^# (\.codemachine\/workflows\/[\w-]+\.yml)\n/.exec(text)?.[1],
  }));
const starts = snippets
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.split('\n').flatMap(commandsOf))
  .filter(([program, command]) => program === 'codemachine' && command === 'run')
  .map((words) => words.slice(2));

const TESTS = `
repair:
  - name: mends and offers
    secrets: { GH_TOKEN: x }
    answers: { fix: { text: Done., usage: { usd: 1 } } }
    runs: { ready: {}, test: { exit-code: 1, stdout: "1 failed" }, check: {}, offer: {} }
    expect: { prompts: { fix: { contains: "1 failed" } }, order: [ready, test, fix, check, offer] }
packages:
  - name: changes each package in a tree of its own
    inputs: { change: Go. }
    answers:
      "change[a]": { text: Done., files: { packages/a/x: "1" } }
      "change[b]": { text: Done., files: { packages/b/x: "2" } }
    runs: { touched: { outputs: { names: [a, b] } }, "test[a]": {}, "test[b]": {} }
    expect: { files: { packages/a/x: "1", packages/b/x: "2" } }
night:
  - name: commits what is done, puts the rest away, and goes on
    answers:
      "item[one].build[1].code": { text: No., files: { x: no } }
      "item[one].build[2].code": { text: No. }
      "item[one].build[3].code": { text: No. }
      "item[two].build[1].code": { text: Done., files: { y: yes } }
    runs:
      list: { outputs: { items: [one, two] } }
      "item[one].build[1].test": { exit-code: 1 }
      "item[one].build[2].test": { exit-code: 1 }
      "item[one].build[3].test": { exit-code: 1 }
      "item[two].build[1].test": {}
    expect:
      steps: { "item[one]": failed, "item[two]": succeeded, "item[two].commit": succeeded }
      files: { x: absent, y: present }
best:
  - name: merges what the judge takes of those that pass
    inputs: { what: Go. }
    answers:
      "try[claude]": { text: a, files: { x: a } }
      "try[codex]": { text: b, files: { x: b } }
      "try[gemini]": { text: c, files: { x: c } }
      pick: { output: { winner: B, scores: { A: 1, B: 2 }, reasons: { A: long, B: short } } }
    runs: { "pick:checks[claude]": { exit-code: 1 }, "pick:checks[codex]": {}, "pick:checks[gemini]": {} }
    expect: { files: { x: { contains: c } } }
spec-to-code:
  - name: goes on until the checker is content
    inputs: { spec: Do it. }
    answers:
      plan: { output: { tasks: [a, b] } }
      code: { text: Done., files: { x: x } }
      check: [{ output: { done: false, missing: [b] } }, { output: { done: true, missing: [] } }]
    runs: { test: {}, commit: {} }
    expect: { steps: { cycle: { count: 2 } }, prompts: { "cycle[2].code": { contains: '"b"' } } }
fix-issue:
  - name: stops at the gate
    secrets: { GH_TOKEN: x }
    inputs: { issue: 1 }
    answers: { assess: { output: { verdict: fix } }, implement: { text: Done. } }
    runs: { fetch: {}, check: {}, pr: {} }
    gates: { confirm: reject }
    expect: { status: failed, not-run: [pr] }
`;

/** One test file per workflow, from the list above. */
const testFiles = TESTS.trim()
  .split(/^(?=[\w-]+:$)/m)
  .map((text) => {
    const [name = '', ...tests] = text.split('\n');
    const workflow = name.replace(':', '');
    return [
      `.codemachine/tests/${workflow}.test.yml`,
      [`workflow: ${workflow}`, 'tests:', ...tests].join('\n'),
    ];
  });

describe('docs/recipes.md', () => {
  test('says of each file where it goes', () => {
    expect(files.filter(({ path }) => path === undefined).map(({ line }) => line)).toEqual([]);
  });

  const project = makeProject({
    'specifications.md': 'Do it.\n',
    ...Object.fromEntries(files.map(({ path = '', text }) => [path, text])),
    ...Object.fromEntries(testFiles),
  });

  test('has workflows of which nothing is to be said', async () => {
    const paths = files.map(({ path = '' }) => path);
    expect(paths.length).toBeGreaterThan(10);
    const { code, stdout, stderr } = await cli(project, ['validate', '--strict', ...paths]);
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
  });

  test.each(starts.map((words) => [words.join(' '), words] as const))(
    'codemachine run %s gives the inputs that are asked for',
    (_, [name = '', ...words]) => {
      const file = files.find(({ path }) => path?.endsWith(`/${name}.yml`));
      expect(file, `there is no ${name}.yml`).toBeDefined();
      const { inputs = {} } = parse(file?.text ?? '') as { inputs?: Record<string, { required?: boolean }> };
      const given = words.flatMap((word, index) =>
        word === '--input' ? [(words[index + 1] ?? '').replace(/=.*$/s, '')] : [],
      );
      expect(given).toEqual(Object.keys(inputs).filter((input) => inputs[input]?.required === true));
    },
  );

  test('has a start for each file that no other one uses', () => {
    const names = files.map(({ path = '' }) => path.replace(/^.*\/|\.yml$/g, ''));
    const used = files.flatMap(({ text }) =>
      [...text.matchAll(/uses: \.\/([\w-]+)\.yml/g)].map(([, name]) => name),
    );
    expect(names.filter((name) => !used.includes(name) && !starts.some(([one]) => one === name))).toEqual([]);
  });

  test('commits what is new as well, and does not fail where there is nothing', () => {
    const lines = files.flatMap(({ text }) => text.split('\n').filter((line) => line.includes('git commit')));
    expect(lines.length).toBeGreaterThan(4);
    expect(
      lines.filter(
        (line) => !/git add -A && \{ git diff --cached --quiet \|\| git commit -qm "[^"]+"; \}/.test(line),
      ),
    ).toEqual([]);
  });

  test('has workflows that do what is said of them', async () => {
    const { code, stdout, stderr } = await cli(project, ['test']);
    expect(code, stdout + stderr).toBe(0);
  });
});
