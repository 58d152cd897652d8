// Looks for a secret wherever a run writes: state directory, streams, transcripts, recordings of agents.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import type { CliEnd } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

// Characters that each way of writing a value treats in its own way, and two lines.
const SECRET = 'S3cr&t/with+odd "chars" \\ $x%\nsecond-line=0f&more';
const FORMS: Readonly<Record<string, readonly string[]>> = {
  raw: [SECRET],
  'its lines': SECRET.split('\n'),
  base64: [0, 1, 2].map((offset) => {
    const text = Buffer.from(`${'x'.repeat(offset)}${SECRET}`).toString('base64');
    // Without what the neighbours have a share in.
    return text.slice(offset === 0 ? 0 : 4, -4);
  }),
  base64url: [Buffer.from(SECRET).toString('base64url').slice(0, -3)],
  hex: [Buffer.from(SECRET).toString('hex'), Buffer.from(SECRET).toString('hex').toUpperCase()],
  uri: [encodeURIComponent(SECRET)],
  json: [JSON.stringify(SECRET).slice(1, -1)],
};

/** Every file below a directory, and what stands in it. */
function filesBelow(directory: string): readonly (readonly [string, string])[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [file, readFileSync(file, 'latin1')] as const);
}

function leaks(project: Project, ends: readonly CliEnd[], directories: readonly string[]): readonly string[] {
  const texts = [
    ...ends.flatMap(({ stdout, stderr }, index) => [
      [`stdout ${index}`, stdout] as const,
      [`stderr ${index}`, stderr] as const,
    ]),
    ...directories.flatMap(filesBelow),
  ];
  return texts.flatMap(([where, text]) =>
    Object.entries(FORMS).flatMap(([form, written]) =>
      written.some((one) => text.includes(one)) ? [`${form} in ${path.relative(project.base, where)}`] : [],
    ),
  );
}

const PRINTS = `
printf '%s\\n' "$TOKEN"
printf '%s' "$TOKEN" | base64 -w0; echo
printf 'x%s' "$TOKEN" | base64 -w0; echo
printf 'xx%s' "$TOKEN" | base64 -w0 >&2; echo
node -e 'const t = process.env.TOKEN; const b = Buffer.from(t);
  console.log(b.toString("hex"), b.toString("hex").toUpperCase(), b.toString("base64url"));
  console.error(encodeURIComponent(t), JSON.stringify(t));
  process.stdout.write(t.slice(0, 9)); setImmediate(() => process.stdout.write(t.slice(9) + "\\n"))'
`;

const WORKFLOW = `
secrets: [TOKEN]
inputs: { note: { type: string, default: none } }
steps:
  - id: print
    run: |
      ${PRINTS.trim().replaceAll('\n', '\n      ')}
      printf 'token<<END\\n%s\\nEND\\n' "$TOKEN" >> "$CODEMACHINE_OUTPUT"
    env: { TOKEN: "\${{ secrets.TOKEN }}" }
    outputs: { token: string }
  - id: hidden
    run: test -z "\${TOKEN-}"
  - id: bad
    continue-on-error: true
    run: echo "cannot reach https://$TOKEN@host" >&2; exit 1
    env: { TOKEN: "\${{ secrets.TOKEN }}" }
  - id: agent
    engine: claude-code
    access: write
    env: { TOKEN: "\${{ secrets.TOKEN }}" }
    prompt: "say \${{ steps.print.outputs.token }} and \${{ steps.bad.stderr }} and \${{ inputs.note }}"
finally:
  - id: last
    run: exit 1
    env: { T: "\${{ steps.print.stdout }}" }
outputs:
  token: steps.print.outputs.token
  out: steps.print.stdout
`;

describe('a secret', () => {
  it('would be found in every form, were it printed', () => {
    const { stdout, stderr } = spawnSync('bash', ['-c', PRINTS], {
      env: { ...process.env, TOKEN: SECRET },
      encoding: 'utf8',
    });
    for (const written of Object.values(FORMS).flat()) expect(`${stdout}${stderr}`).toContain(written);
  });

  it('is nowhere: not on the streams, not in the state, not in a recording', async () => {
    const project = projectWith({ w: WORKFLOW });
    scriptAgent(project, PRINTS);
    const env = { TOKEN: SECRET };
    const record = path.join(project.base, 'recording');
    const ends = [
      await say(project, `run w --record ${record}`, { env }),
      await say(project, 'run w --json --verbose', { env }),
      await say(project, 'resume @last --json', { env }),
      await say(project, `run w --json --replay ${record}`, { env }),
    ];
    expect(ends.map(({ code }) => code)).toEqual([1, 1, 1, 1]);
    ends.push(await say(project, 'status'), await say(project, 'status --json'));
    ends.push(await say(project, 'logs @last'), await say(project, 'logs @last agent --file prompt.md'));
    expect(leaks(project, ends, [project.stateDir, record])).toEqual([]);
    expect(ends[0]?.stdout).toContain('***');
    const agents = of(strictEvents(ends[3]?.stdout ?? ''), 'step-succeeded').filter(
      ({ step }) => step === 'agent',
    );
    expect(agents).toMatchObject([{ reused: 'replay' }]);
  });

  it('given as an input, too, is masked before it is stored', async () => {
    const project = projectWith({
      w: WORKFLOW.replace('engine: claude-code', "if: 'false'\n    engine: claude-code"),
    });
    const env = { TOKEN: 'hunter22-hunter22' };
    const end = await say(project, 'run w --json -i note=it-is-hunter22-hunter22', { env });
    const all = [end.stdout, end.stderr, ...filesBelow(project.stateDir).map(([, text]) => text)].join('\n');
    expect(all).not.toContain('hunter22');
    expect(end.stdout).toContain('it-is-***');
  });

  it('is asked for again at resume', async () => {
    const project = projectWith({ w: 'secrets: [TOKEN]\nsteps:\n  - run: exit 1\n' });
    await say(project, 'run w', { env: { TOKEN: SECRET } });
    const { code, stderr } = await say(project, 'resume @last');
    expect(code).toBe(2);
    expect(stderr).toContain('TOKEN is not set');
  });

  it('that is too short to be masked is used, with a warning', async () => {
    const project = projectWith({ w: 'secrets: [TOKEN]\nsteps:\n  - run: exit 0\n' });
    const { code, stderr } = await say(project, 'run w', { env: { TOKEN: 'abc' } });
    expect(code).toBe(0);
    expect(stderr).toContain('TOKEN is shorter than 6 characters');
  });
});
