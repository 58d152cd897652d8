// Gives the tests of restore, diff, apply and gc runs whose agents leave what a test says.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { scriptAgent } from '../app/scripted-agent.ts';
import { cli } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { projectWith } from './project.ts';

/** A workflow of one agent that may write. */
const WRITER =
  'steps:\n  - { id: fix, engine: claude-code, access: write, prompt: Mend it., retry: { attempts: 1 } }\n';

/** A project whose agent does what the shell script says; `workflow` is called `w`. */
export function agentProject(
  script: string,
  files: Readonly<Record<string, string>> = {},
  workflow = WRITER,
): Project {
  const project = projectWith({ w: workflow }, files);
  scriptAgent(project, script);
  project.git('add', '-A');
  project.git('commit', '-q', '-m', 'the engine');
  return project;
}

/** Writes the script that the agent is from now on. */
export function agentDoes(project: Project, script: string): void {
  project.write(path.relative(project.root, path.join(project.home, 'agent.sh')), script);
}

/** Runs a command line given as words, from a folder of the project. */
export function words(project: Project, args: readonly string[], cwd = '') {
  const folder = path.join(project.root, cwd);
  mkdirSync(folder, { recursive: true });
  return cli(project, args, { cwd: folder });
}

/** What must stay as it is whatever happens to the files: index, HEAD, branches, stash, configuration. */
export function usersSide(project: Project): Record<string, string> {
  return {
    index: project.git('ls-files', '-s'),
    head: project.git('log', '-1', '--format=%H %D'),
    branches: project.git('for-each-ref', 'refs/heads', 'refs/stash'),
    config: project.git('config', '--local', '--list'),
  };
}

/**
 * Three isolated agents of one batch: `left` is merged, `right` collides with it in `a.txt`, `never` is not to be merged.
 */
export function isolatedProject(): Project {
  const agent = (id: string, workspace: string): string =>
    `  - { id: ${id}, needs: [], engine: claude-code, access: write, prompt: Do ${id}., workspace: ${workspace} }\n`;
  const steps = [
    agent('left', 'isolated'),
    agent('right', 'isolated'),
    agent('never', '{ mode: isolated, merge: never }'),
  ];
  const script =
    'case $CODEMACHINE_STEP in never) echo never > never.txt;; *) echo $CODEMACHINE_STEP > a.txt; echo x > $CODEMACHINE_STEP.txt;; esac';
  return agentProject(script, {}, `steps:\n${steps.join('')}`);
}
