// Gives the tests of export and import runs that wait at a gate, and checkouts to take them to.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { cli } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { picture } from '../workspace/repository.ts';
import { say } from './project.ts';
import { agentProject } from './tree-project.ts';

/** The value of a secret of the run. */
export const SECRET = 'hunter2-and-more';

const WORKFLOW = `
secrets: [TOKEN]
steps:
  - { id: fix, engine: claude-code, access: write, prompt: Mend it., artifacts: [report.txt] }
  - id: tell
    run: echo "with $TOKEN"; printf %s "$TOKEN" | base64; rm b.txt
    env: { TOKEN: "\${{ secrets.TOKEN }}" }
  - id: ask
    gate: { message: Ship it?, show: [diff] }
  - id: ship
    run: cat a.txt new.txt; ! test -e b.txt; echo shipped > shipped.txt
`;

/** What its agent does. */
export const AGENT =
  'echo agent >> a.txt; echo n > new.txt; echo fine > report.txt; chmod +x a.txt; ln -s a.txt link';

/** What the run needs of the environment. */
export const ENV = { TOKEN: SECRET };

/** A run that waits at its gate, in a repository with a past. */
export async function parked(): Promise<Project> {
  const project = agentProject(AGENT, { 'b.txt': 'b\n', 'dir/c.txt': 'c\n' }, WORKFLOW);
  expect(await say(project, 'run w', { env: ENV })).toMatchObject({ code: 3 });
  return project;
}

/** Where its file goes. */
export function bundleOf(project: Project): string {
  return path.join(project.base, 'run.codemachine');
}

/** Exports the newest run. */
export async function exported(
  project: Project,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const end = await cli(project, ['export', '@last', '-o', bundleOf(project)], { env });
  expect(end).toMatchObject({ code: 0, stderr: '' });
  return bundleOf(project);
}

/** Another checkout of the same commit, as actions/checkout makes it: nothing behind it, and no branch. */
export function clone(project: Project, name = 'elsewhere'): Project {
  const root = path.join(project.base, name);
  const git = (cwd: string, ...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd,
      env: project.environ,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  git(project.base, 'clone', '-q', '--depth', '1', `file://${project.root}`, root);
  git(root, 'checkout', '-q', '--detach');
  return {
    ...project,
    root,
    stateDir: path.join(root, '.codemachine', 'state'),
    git: (...args) => git(root, ...args),
    write: (file, content) => writeFileSync(path.join(root, file), content),
    picture: () => picture(root),
  };
}

/** Newest first. */
export async function runs(project: Project): Promise<readonly { run: string; status: string }[]> {
  return JSON.parse((await say(project, 'runs --json')).stdout) as { run: string; status: string }[];
}
