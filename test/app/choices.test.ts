// Shows through the built program that an input which is a choice names who does a step, in used workflows too.
import { beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { of } from '../support/event-check.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const AGENTS = `
agents:
  reader: { engine: claude-code, access: read }
  writer: { engine: claude-code, access: write }
`;
const INPUTS = 'inputs: { who: { type: choice, options: [reader, writer], default: reader } }\n';
const STEP = '  - { id: look, agent: "${{ inputs.who }}", prompt: Look. }\n';

describe('a choice among the inputs', () => {
  it('names the agent of a step, with its rights, and of a resume', async () => {
    const project = projectWith({ w: `${INPUTS}${AGENTS}steps:\n${STEP}  - run: test -e ../ready\n` });
    scriptAgent(project, 'true');
    const agentsIn = async (line: string) =>
      of((await eventsOf(project, line)).events, 'step-started').map(({ agent }) => agent);
    expect(await agentsIn('run w')).toEqual(['reader', undefined]);
    expect(await agentsIn('run w --input who=writer')).toEqual(['writer', undefined]);
    expect((await say(project, 'run w --input who=nobody')).code).toBe(2);
    project.write('../ready', '');
    expect((await say(project, 'resume @last')).code).toBe(0);
  });

  it('makes a step anew with --updated where another one is chosen', async () => {
    const project = projectWith({ w: `${INPUTS}${AGENTS}steps:\n${STEP}  - run: test -e ../ready\n` });
    scriptAgent(project, 'true');
    await say(project, 'run w');
    project.write('../ready', '');
    const { stderr } = await say(project, 'resume @last --updated --input who=writer --yes');
    expect(stderr).toMatch(/look +runs/);
  });

  it('names the agent inside of a used workflow, by what it is given', async () => {
    const part = `name: part\n${INPUTS}${AGENTS}steps:\n${STEP}`;
    const project = projectWith({
      part,
      w: `inputs: { mine: { type: string, default: writer } }
steps:
  - { id: one, uses: ./part.yml }
  - { id: two, uses: ./part.yml, with: { who: writer } }
  - { id: three, uses: ./part.yml, with: { who: "\${{ inputs.mine }}" } }
`,
    });
    scriptAgent(project, 'echo x >> written.txt');
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    expect(
      of(events, 'step-started').flatMap(({ step, agent }) => (agent === undefined ? [] : [[step, agent]])),
    ).toEqual([
      ['one.look', 'one.reader'],
      ['two.look', 'two.writer'],
      ['three.look', 'three.writer'],
    ]);
  });
});
