// Carries texts that are commands elsewhere through names: of files, steps, branches, gates; with the built program, none is obeyed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fileName } from '../../src/model/file-name.ts';
import { cleanForGithub, cleanForTerminal, oneLine } from '../../src/report/clean.ts';
import { built } from '../support/built.ts';
import { eventsOf } from '../support/cli.ts';
import { of } from '../support/event-check.ts';
import { naughtyStrings, payloads } from '../support/payloads.ts';
import { enoughTried, injectionPlace, pairs, same } from './injection-rig.ts';
import { scriptAgent } from './scripted-agent.ts';

// A soak tries twice as many, and a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 });

beforeAll(built);
afterAll(enoughTried);

const fence = (inner: string): string => `\${{ ${inner} }}`;

/** What a terminal or the runner of GitHub Actions would obey. */
const OBEYED = /^\s*::|##\[|\x1b[\]P[]|\r(?!\n)/m;

const FILES = `
steps:
  - id: shared
    engine: claude-code
    access: write
    prompt: Make them.
  - id: apart
    engine: claude-code
    access: write
    prompt: Make more.
    workspace: { mode: isolated, copy: ["copied/**"], link: [linked], setup: ls copied linked > /dev/null }
    artifacts: apart-named/**
  - id: hash
    if: changed('named/**') && changed('apart-named/**')
    run: test -n "$HASH" && test "$(ls -A named | wc -l)" -gt 0
    env: { HASH: "${fence("hashFiles('named/**', '*')")}" }
  - id: ask
    gate: { message: Ship it?, show: [diff, steps.shared.text] }
`;

describe('names of files', () => {
  it('are recorded, copied, merged, kept, shown and put back as they are', async () => {
    const place = injectionPlace({ w: FILES });
    const { project } = place;
    const names = place.names('file');
    const list = path.join(project.base, 'names.json');
    writeFileSync(list, JSON.stringify(names));
    project.write('.gitignore', 'linked\ncopied\n');
    for (const directory of ['copied', 'linked']) {
      mkdirSync(path.join(project.root, directory));
      for (const name of names) writeFileSync(path.join(project.root, directory, name), 'x\n');
    }
    const make = `fs.mkdirSync(d); for (const n of JSON.parse(fs.readFileSync(process.argv[1]))) fs.writeFileSync(d + "/" + n, "x\\n")`;
    scriptAgent(
      project,
      `d=named; [ $CODEMACHINE_STEP = apart ] && d=apart-named\nnode -e 'const d = process.argv[2]; ${make}' '${list}' $d`,
    );
    project.git('add', '-A');
    project.git('commit', '-qm', 'engine');
    const ran = await place.run(['run', 'w', '--json'], { GITHUB_ACTIONS: 'true' });
    expect(ran.code, ran.stderr.slice(-3000)).toBe(3);
    expect(ran.stderr).not.toMatch(OBEYED);
    for (const directory of ['named', 'apart-named'])
      expect(readdirSync(path.join(project.root, directory)).sort()).toEqual([...names].sort());
    const merged = of(eventsOf(ran.stdout), 'change-merged')[0];
    expect(merged?.files).toHaveLength(names.length);
    for (const args of [
      ['status', '@last'],
      ['diff', '@last'],
      ['diff', '@last', '--stat'],
      ['restore', '@last', 'apart', '--before', '--dry-run'],
    ]) {
      const shown = await place.run(args, { GITHUB_ACTIONS: 'true' });
      expect(shown.stdout + shown.stderr, args.join(' ')).not.toMatch(OBEYED);
    }
    const one = await place.run(['diff', '@last', '--json', '--', ...names.map((name) => `named/${name}`)]);
    const files = (JSON.parse(one.stdout) as { files: { path: string }[] }).files.map((file) => file.path);
    same(files.sort(), names.map((name) => `named/${name}`).sort());
    const back = await place.run([
      'restore',
      '@last',
      'shared',
      '--before',
      '--',
      ...names.slice(0, 200).map((name) => `named/${name}`),
    ]);
    expect(back.code, back.stderr.slice(-2000)).toBe(0);
    expect(readdirSync(path.join(project.root, 'named')).sort()).toEqual(names.slice(200).sort());
    place.nothingRan('names of files: git, worktrees, artifacts, hashes, gates, diff, restore', names.length);
  });
});

describe('what people and programs say at a gate', () => {
  it('arrives in the steps after it as it is', async () => {
    const place = injectionPlace({});
    const texts = place.texts('gate').filter((text) => !text.startsWith('@'));
    const fields = Object.fromEntries(texts.map((_, i) => [`f${i}`, { type: 'string' }]));
    const env = Object.fromEntries(texts.map((_, i) => [`V${i}`, fence(`steps.ask.output.f${i}`)]));
    const run = 'for ((i = 0; i < COUNT; i++)); do v=V$i; printf %s "${!v}" > "$OUT/$i"; done';
    const steps = [
      { id: 'ask', gate: { message: fence('inputs.message'), show: ['inputs.message'], fields } },
      { id: 'told', run, env: { ...env, COUNT: texts.length } },
    ];
    const inputs = { message: { type: 'string' } };
    place.project.write('w.yml', JSON.stringify({ name: 'w', inputs, steps }));
    const all = texts.join('\n');
    const opened = await place.run(['run', 'w.yml', '--json', '--inputs', place.inputs({ message: all })], {
      GITHUB_ACTIONS: 'true',
    });
    expect(opened.code, opened.stderr.slice(-2000)).toBe(3);
    expect(opened.stderr).not.toMatch(OBEYED);
    same([of(eventsOf(opened.stdout), 'gate-opened')[0]?.message], [all]);
    place.nothingRan('message and values of a gate', texts.length);
    const given = texts.flatMap((text, i) => ['--field', `f${i}=${text}`]);
    const answered = await place.run([
      'answer',
      '@last',
      'ask',
      '--option',
      'approve',
      '--comment',
      all.slice(0, 20_000),
      ...given,
    ]);
    expect(answered.code, answered.stderr.slice(-2000)).toBe(0);
    const resumed = await place.run(['resume', '@last', '--json']);
    expect(resumed.code, resumed.stderr.slice(-2000)).toBe(0);
    same(
      texts.map((_, i) => place.reached(`${i}`)),
      texts,
    );
    place.nothingRan('fields of a gate', texts.length);
    const shown = await place.run(['status', '@last'], { GITHUB_ACTIONS: 'true' });
    expect(shown.stdout).not.toMatch(OBEYED);
    place.nothingRan('comment of a gate', texts.length);
  });
});

describe('names in a file', () => {
  it('are planned, drawn, run and reported, and are nothing else', async () => {
    const place = injectionPlace({});
    const texts = place.texts('name').filter((text) => text.trim() !== '' && !text.includes('${{'));
    const steps = texts.map((name) => ({ name, needs: [], run: ':' }));
    const name = texts.join(' ').slice(0, 5_000);
    place.project.write('w.yml', JSON.stringify({ name, description: name, steps }));
    const lines = [
      ['validate', 'w.yml'],
      ['validate', 'w.yml', '--format', 'github'],
      ['plan', 'w.yml'],
      ['run', 'w.yml'],
      ['status', '@last'],
      ['runs'],
    ];
    for (const args of lines) {
      const shown = await place.run(args, { GITHUB_ACTIONS: 'true' });
      expect(shown.code, shown.stderr.slice(-2000)).toBe(0);
      expect(shown.stdout + shown.stderr, args.join(' ')).not.toMatch(OBEYED);
    }
    const graph = JSON.parse((await place.run(['plan', 'w.yml', '--graph', 'json'])).stdout) as {
      steps: object;
    };
    expect(Object.keys(graph.steps)).toHaveLength(texts.length);
    const dot = (await place.run(['plan', 'w.yml', '--graph', 'dot'])).stdout;
    // Every quote that is not escaped begins or ends a text, which no line of ours leaves open.
    for (const line of dot.split('\n')) expect(line.replace(/\\./g, '').split('"').length % 2, line).toBe(1);
    const mermaid = (await place.run(['plan', 'w.yml', '--graph', 'mermaid'])).stdout;
    for (const line of mermaid.split('\n'))
      expect(line).toMatch(/^(?:$|flowchart TD$| {2}\S+\["[^"]*"\]$| {2}\S+ --> \S+$)/);
    place.nothingRan('names of steps and workflow: plan, graphs, reports', texts.length);
  });

  it('and what is wrong with them is shown as text, in every format', async () => {
    const place = injectionPlace({});
    const texts = place.texts('wrong');
    place.project.write(
      'w.yml',
      JSON.stringify({ name: 'w', steps: texts.map((text) => ({ run: ':', needs: [text], [text]: text })) }),
    );
    for (const format of ['text', 'github']) {
      const shown = await place.run(['validate', 'w.yml', '--format', format], { GITHUB_ACTIONS: 'true' });
      expect(shown.code).toBe(2);
      const lines = (shown.stdout + shown.stderr)
        .split('\n')
        .filter((line) => !/^::(?:error|warning) file=w\.yml,/.test(line));
      expect(lines.join('\n'), format).not.toMatch(OBEYED);
    }
    for (const format of ['json', 'sarif']) {
      const shown = await place.run(['validate', 'w.yml', '--format', format]);
      expect(JSON.stringify(JSON.parse(shown.stdout))).toContain('canary-');
    }
    place.nothingRan('diagnostics: text, github, json, sarif', texts.length);
  });
});

describe('what is shown', () => {
  it('moves nothing on a terminal and commands no runner, cut or whole', () => {
    const texts = [...new Set([...payloads('/c', 'shown'), ...naughtyStrings])];
    for (const text of texts) {
      for (const shown of [
        cleanForTerminal(text, { color: false }),
        cleanForTerminal(text, { color: true }).replace(/\x1b\[[\d;:]*m/g, ''),
        cleanForGithub(text, { color: false }),
        oneLine(text, 30),
        fileName(text),
      ])
        expect(shown, text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      expect(cleanForGithub(`${text}\n${text}`, { color: false }), text).not.toMatch(OBEYED);
    }
    pairs['text on terminals and in logs'] = texts.length;
  });
});

describe('the name of a branch', () => {
  it('reaches a step as it is', async () => {
    const place = injectionPlace({
      w: `steps: [{ id: one, run: 'printf %s "$B" > "$OUT/branch"', env: { B: "${fence('git.branch')}" } }]\n`,
    });
    const { project } = place;
    const names = place.texts('branch', 'few').filter((text) => {
      try {
        execFileSync('git', ['check-ref-format', '--branch', text], { stdio: 'ignore' });
        return !text.includes('/');
      } catch {
        return false;
      }
    });
    expect(names.length).toBeGreaterThan(3);
    for (const name of names.slice(0, 5)) {
      project.git('checkout', '-q', '-b', name);
      const ran = await place.run(['run', 'w']);
      expect(ran.code, ran.stderr).toBe(0);
      same([place.reached('branch')], [name]);
    }
    place.nothingRan('names of branches, one run each', Math.min(5, names.length));
  });
});
