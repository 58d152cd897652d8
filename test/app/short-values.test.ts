// Values that are too short to be masked are used, and named, each time a run goes.
import { beforeAll, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';

beforeAll(built);

it('a short value of an env file or of a secret is named at the start and at resume', async () => {
  const project = projectWith(
    { w: 'env-file: .env\nsecrets: [TOKEN]\nsteps:\n  - run: exit 1\n' },
    { '.env': 'PORT=3000\nDEBUG=1\nEMPTY=\nLONG=long-enough\n' },
  );
  const env = { TOKEN: 'abc' };
  for (const line of ['run w', 'resume @last']) {
    const { stderr } = await say(project, line, { env });
    expect(stderr).toContain('TOKEN is shorter than 6 characters');
    expect(stderr).toMatch(/not masked: DEBUG, PORT\n/);
  }
});
