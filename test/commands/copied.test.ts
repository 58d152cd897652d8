// Brings files over that are made, or go away, while a run is at work, through the built program.
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { eventsOf, projectWith, say } from './project.ts';

beforeAll(built);

const IGNORED = { '.gitignore': 'made/\n.env\n.codemachine/state/\n' };

/** An install that makes what the step behind it links, where `install` says so. */
function linking(install: string, workspace = 'link: [made], copy: [".env?"]'): Project {
  const steps = `steps:
  - { id: install, run: "${install}" }
  - { id: use, run: "cat made/tool > used.txt", workspace: { mode: isolated, ${workspace} } }
`;
  return projectWith({ w: steps }, IGNORED);
}

const failure = (events: readonly object[]) =>
  events.flatMap((event) =>
    'failure' in event ? [event.failure as { reason: string; message: string }] : [],
  );

it('links what a step has made before, of which a fresh clone has nothing', async () => {
  const project = linking('mkdir -p made; echo tool > made/tool');
  expect(await say(project, 'validate w')).toMatchObject({ code: 0 });
  const ran = await say(project, 'run w');
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stderr).toContain('warning[copy-not-there-yet]: `made` is not there now; it is looked for when');
  expect(project.read('used.txt')).toBe('tool\n');
});

it('fails the attempt where nobody has made it, and goes on from there', async () => {
  const project = linking('true');
  const { code, events } = await eventsOf(project, 'run w');
  expect(code).toBe(1);
  const [failed] = failure(events);
  expect(failed?.reason).toBe('config');
  expect(failed?.message).toMatch(/^workspace\.link: made: made does not exist in the workspace/);
  project.write('made/tool', 'by hand\n');
  expect(await say(project, 'resume @last')).toMatchObject({ code: 0 });
  expect(project.read('used.txt')).toBe('by hand\n');
});

it('is looked for when the step starts, also where it was there before', async () => {
  const project = linking('rm -rf made', 'copy: [made/tool]');
  project.write('made/tool', 'old\n');
  const { code, events } = await eventsOf(project, 'run w');
  expect(code).toBe(1);
  expect(failure(events)[0]?.message).toContain('workspace.copy: made/tool: no file');
});

it('does not refuse to resume or retry a run for a path that is gone by now', async () => {
  const project = projectWith(
    {
      w: 'steps:\n  - { id: use, run: "test -e made/tool && test -e go", workspace: { mode: isolated, link: [made], copy: [".env?", "go?"] } }\n',
    },
    IGNORED,
  );
  project.write('made/tool', 'tool\n');
  expect((await say(project, 'run w')).code).toBe(1);
  rmSync(path.join(project.root, 'made'), { recursive: true });
  // No step runs before it, so a new run is refused.
  const anew = await say(project, 'run w');
  expect(anew).toMatchObject({ code: 2 });
  expect(anew.stderr).toContain('error[missing-file]');
  const resumed = await say(project, 'resume @last');
  expect(resumed.code).toBe(1);
  expect(resumed.stderr + resumed.stdout).toContain('workspace.link: made');
  expect((await say(project, 'retry @last')).code).toBe(1);
  project.write('made/tool', 'tool\n');
  project.write('go', '');
  expect(await say(project, 'resume @last')).toMatchObject({ code: 0 });
  expect(existsSync(path.join(project.root, '.env'))).toBe(false);
});
