// Makes the jobs of the page about GitHub Actions, from the checkout to the end, with the workflows that stand beside them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { JsonObject } from '../../src/model/result.ts';
import { scriptAgent } from '../app/scripted-agent.ts';
import { projectWith } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { type Hosting, runJobs } from '../support/github-workflow.ts';
import type { Project } from '../support/repository.ts';
import { snippetsOf } from './snippets.ts';

beforeAll(built);

const SNIPPETS = snippetsOf('docs/github.md').filter(({ language }) => language === 'yaml');
const nameOf = (text: string): string => (parse(text) as { readonly name: string }).name;
const named = (isGithub: boolean): Readonly<Record<string, string>> =>
  Object.fromEntries(
    SNIPPETS.filter(({ words: [word] }) => (isGithub ? word === 'github' : word === undefined)).map(
      ({ text }) => [nameOf(text), text],
    ),
  );
const JOBS = named(true);

/** Answers what the page's jobs ask GitHub: `octocat` may write, and `head` has the commit of the pull request. */
const GH = `
case "$*" in
  "pr comment"*) printf '%s' "$5" > BASE/comment ;;
  *collaborators/octocat/permission*) echo write ;;
  *collaborators/*) echo read ;;
  *"/pulls/1 "*) echo "o/r $(cat BASE/head)" ;;
  "run list"*) echo 9001 ;;
  *actions/runs/9001/artifacts*) ls BASE/artifacts/9001 ;;
  *actions/runs/9001*) cat BASE/head ;;
  *) exit 1 ;;
esac`;

/** A repository with the page's workflows, and machines with stand-ins for npm, the engine and the program of GitHub. */
function hosted(event: JsonObject = {}): { readonly project: Project; readonly hosting: Hosting } {
  const project = projectWith(named(false), {
    'packages/a/package.json': '{}',
    'packages/b/package.json': '{}',
    'packages/c/package.json': '{}',
  });
  project.write('scripts/publish.sh', '#!/bin/sh\ncat NOTES.md; echo "out: $1"\n', 0o755);
  scriptAgent(project, 'echo notes > NOTES.md');
  const bin = path.join(project.base, 'stand-ins');
  mkdirSync(bin, { recursive: true });
  const program = (name: string, text: string): void =>
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const engine = `#!/bin/sh\nexec bash '${path.join(project.base, 'engine.sh')}' "$@"\n`;
  writeFileSync(path.join(project.base, 'claude'), engine, { mode: 0o755 });
  program(
    'npm',
    `[ "$1" != install ] || install -m 755 '${project.base}/claude' '${bin}/claude'; pwd >> '${project.base}/npm-in'`,
  );
  program('gh', GH.replaceAll('BASE', project.base));
  // The engine is found on the PATH, as npm leaves it there.
  execFileSync('rm', [path.join(project.root, '.codemachine/config.yml')]);
  project.git('add', '-A');
  project.git('commit', '-q', '-m', 'more');
  project.write('packages/a/package.json', '{"v":1}');
  project.write('packages/c/package.json', '{"v":1}');
  project.git('add', '-A');
  project.git('commit', '-q', '-m', 'change two');
  const env = { ...project.environ, PATH: `${bin}:${project.environ['PATH']}` };
  const secrets = {
    ANTHROPIC_API_KEY: 'canary-api-key',
    CODEMACHINE_BUNDLE_KEY: 'a key of some length',
    GITHUB_TOKEN: 't',
  };
  return { project, hosting: { base: project.base, origin: project.root, env, secrets, event } };
}

const PUBLIC = { repository: { private: false } };

describe('the examples', () => {
  it('all are made', () => {
    expect(Object.keys(JOBS).sort()).toEqual([
      'approve',
      'go-on',
      'overnight',
      'packages',
      'release',
      'review',
    ]);
  });

  it('release: parks, waits for the environment, and its outputs arrive', async () => {
    const { hosting } = hosted(PUBLIC);
    const [prepare, ship, ...rest] = await runJobs(JOBS['release'] ?? '', hosting);
    expect(rest).toEqual([]);
    expect(prepare).toMatchObject({ failed: false, outputs: { status: 'parked' } });
    expect(ship).toMatchObject({ id: 'ship', failed: false, environment: 'production' });
    expect(ship?.actions[0]?.outputs['status']).toBe('succeeded');
    expect(ship?.text).toContain('{"released":"notes\\nout: 1.2.0"}');
    // Said once, for the runner to take it out of everything else.
    for (const { text } of [prepare, ship].flatMap((end) => end ?? []))
      expect(text.replaceAll('::add-mask::canary-api-key\n', '')).not.toContain('canary-api-key');
  });

  it('review and approve: says in a comment how to go on, which does', async () => {
    const { project, hosting } = hosted();
    const sha = project.git('rev-parse', 'HEAD').trim();
    const head = { sha, repo: { full_name: 'o/r' } };
    const opened = { ...PUBLIC, pull_request: { head, html_url: 'https://github.com/o/r/pull/1' } };
    const [review] = await runJobs(JOBS['review'] ?? '', { ...hosting, event: opened });
    expect(review?.actions[0]?.outputs['status']).toBe('parked');
    const comment = (): string => readFileSync(path.join(project.base, 'comment'), 'utf8');
    const body = comment().replace(/^.*(?=\/approve)/, '');
    const head1 = (commit: string): void => writeFileSync(path.join(project.base, 'head'), commit);
    const approve = (login: string, text = body) =>
      runJobs(JOBS['approve'] ?? '', {
        ...hosting,
        runId: '9002',
        event: {
          ...PUBLIC,
          issue: { pull_request: {}, number: 1, html_url: 'https://github.com/o/r/pull/1' },
          comment: { body: text, user: { login } },
        },
      });
    head1(sha);
    const refused = [await approve('stranger'), await approve('octocat', '/approve $(touch pwned)')];
    // Pushed meanwhile: what was looked at is not what would be approved.
    head1('0'.repeat(40));
    refused.push(await approve('octocat'));
    for (const [end] of refused) expect(end).toMatchObject({ failed: true, actions: [] });
    expect(comment()).toContain('Parked.');
    head1(sha);
    const [approved] = await approve('octocat');
    expect(approved).toMatchObject({ failed: false });
    expect(approved?.actions[0]?.outputs['status']).toBe('succeeded');
    expect(comment()).toBe('check-pr succeeded, see https://github.com/o/r/actions/runs/9002');
    // A branch of a fork has none of our keys.
    const fork = {
      ...opened,
      pull_request: { ...opened.pull_request, head: { ...head, repo: { full_name: 'x/r' } } },
    };
    expect(await runJobs(JOBS['review'] ?? '', { ...hosting, event: fork })).toEqual([]);
  });

  it('overnight: ends, and leaves nothing for the morning', async () => {
    const { hosting } = hosted(PUBLIC);
    const ends = await runJobs(JOBS['overnight'] ?? '', hosting);
    expect(ends.map(({ id, failed }) => [id, failed])).toEqual([['overnight', false]]);
    expect(ends[0]?.outputs['status']).toBe('succeeded');
  });

  it('go-on: takes up a night that failed, once its cause is gone', async () => {
    const { project, hosting } = hosted(PUBLIC);
    const bad = path.join(project.base, 'bad');
    writeFileSync(bad, '');
    const npm = path.join(project.base, 'stand-ins/npm');
    writeFileSync(npm, `${readFileSync(npm, 'utf8')}[ "$1" = install ] || [ ! -e '${bad}' ]\n`);
    const [night, ...rest] = await runJobs(JOBS['overnight'] ?? '', hosting);
    expect(rest).toEqual([]);
    expect(night).toMatchObject({ failed: true, outputs: { status: 'failed' } });
    execFileSync('rm', [bad]);
    writeFileSync(path.join(project.base, 'head'), project.git('rev-parse', 'HEAD').trim());
    const event = { ...PUBLIC, inputs: { 'artifact-run': '9001' } };
    const [end] = await runJobs(JOBS['go-on'] ?? '', { ...hosting, runId: '9002', event });
    expect(end?.actions[0]?.outputs).toMatchObject({ status: 'succeeded', 'run-id': night?.outputs['run'] });
  });

  it('packages: one run for each that a push of several commits changed', async () => {
    const { project, hosting: before } = hosted(PUBLIC);
    const hosting = {
      ...before,
      event: { ...PUBLIC, before: project.git('rev-parse', 'HEAD~1').trim() },
    };
    project.git('rm', '-q', '-r', 'packages/b');
    project.git('commit', '-q', '-m', 'one more');
    const ends = await runJobs(JOBS['packages'] ?? '', hosting);
    expect(ends.map(({ id, failed }) => [id, failed])).toEqual([
      ['find', false],
      ['check', false],
      ['check', false],
    ]);
    const tested = readFileSync(path.join(project.base, 'npm-in'), 'utf8').trim().split('\n');
    expect(tested.map((directory) => path.basename(directory))).toEqual(['a', 'c']);
    // A new branch: there is nothing to compare with, and no package goes untested.
    const event = { ...PUBLIC, before: '0'.repeat(40) };
    const [find] = await runJobs(JOBS['packages'] ?? '', { ...hosting, event });
    expect(find?.outputs['packages']).toBe('["a","c"]');
  });
});
