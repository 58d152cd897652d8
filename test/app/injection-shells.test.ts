// Carries texts that are commands elsewhere through everything that ends in a shell, with the built program: none is obeyed.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { built } from '../support/built.ts';
import { eventsOf } from '../support/cli.ts';
import { of } from '../support/event-check.ts';
import { enoughTried, injectionPlace, same } from './injection-rig.ts';

// A soak tries twice as many, and a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 });

beforeAll(built);
afterAll(enoughTried);

/** Scripts that write each variable `V0`, `V1`… to a file of its number, by the name of their shell. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: 'for ((i = 0; i < COUNT; i++)); do v=V$i; printf %s "${!v}" > "$OUT/$CODEMACHINE_STEP.$i"; done',
  sh: 'i=0; while [ $i -lt $COUNT ]; do eval "v=\\$V$i"; printf %s "$v" > "$OUT/$CODEMACHINE_STEP.$i"; i=$((i+1)); done',
  'bash -eu {0} "$(touch canary-template)"':
    'for ((i = 0; i < COUNT; i++)); do v=V$i; printf %s "${!v}" > "$OUT/$CODEMACHINE_STEP.$i"; done',
  node: 'const { env } = process; for (let i = 0; i < env.COUNT; i++) fs.writeFileSync(`${env.OUT}/${env.CODEMACHINE_STEP}.${i}`, env[`V${i}`])',
  python:
    'import os\nfor i in range(int(os.environ["COUNT"])):\n  open(os.environ["OUT"] + "/" + os.environ["CODEMACHINE_STEP"] + "." + str(i), "wb").write(os.environb[b"V%d" % i])',
};

const fence = (inner: string): string => `\${{ ${inner} }}`;

/** A step whose variables are what these expressions give. */
function step(id: string, shell: string | undefined, script: string, values: readonly string[]): object {
  const env = Object.fromEntries(values.map((value, i) => [`V${i}`, fence(value)]));
  return {
    id,
    needs: [],
    run: script,
    ...(shell === undefined ? {} : { shell }),
    env: { COUNT: values.length, ...env },
  };
}

/** The same in bash: `value` gives the expression for the text of a number. */
const writing = (id: string, texts: readonly string[], value: (i: number) => string): object =>
  step(
    id,
    'bash',
    SCRIPTS['bash'] ?? '',
    texts.map((_, i) => value(i)),
  );

const file = (content: object): string => JSON.stringify({ name: 'w', ...content });

describe('a text reaches the commands of a step as it is', () => {
  it('from a list of inputs, in each shell', async () => {
    const place = injectionPlace({});
    const texts = place.texts('env');
    const values = texts.map((_, i) => `inputs.list[${i}]`);
    const steps = Object.entries(SCRIPTS).map(([shell, script], i) => step(`s${i}`, shell, script, values));
    place.project.write('w.yml', file({ inputs: { list: { type: 'json', required: true } }, steps }));
    const ran = await place.run(['run', 'w.yml', '--inputs', place.inputs({ list: texts })]);
    expect(ran.code, ran.stderr).toBe(0);
    for (const [i, shell] of Object.keys(SCRIPTS).entries()) {
      same(
        texts.map((_, n) => place.reached(`s${i}.${n}`)),
        texts,
      );
      place.nothingRan(`run, ${shell.split(' ')[0]}${shell.includes(' ') ? ' template' : ''}`, texts.length);
    }
  });

  it('from `--input`, `--input name=@file` and defaults', async () => {
    const place = injectionPlace({});
    const texts = place.texts('input');
    const from = {
      // A text that begins with `@` names a file there.
      flag: texts.filter((text) => !text.startsWith('@')),
      file: texts,
      // There a fence is refused, since a default is fixed.
      default: texts.filter((text) => !text.includes('${{')),
    };
    const inputs = Object.fromEntries([
      ...from.flag.map((_, i) => [`a${i}`, { type: 'string', required: true }]),
      ['b', { type: 'json', required: true }],
      ['c', { type: 'json', default: from.default }],
    ]);
    const steps = [
      writing('flag', from.flag, (i) => `inputs.a${i}`),
      writing('file', from.file, (i) => `inputs.b[${i}]`),
      writing('default', from.default, (i) => `inputs.c[${i}]`),
    ];
    place.project.write('w.yml', file({ inputs, steps }));
    const flags = from.flag.flatMap((text, i) => ['--input', `a${i}=${text}`]);
    const json = place.inputs(from.file);
    const ran = await place.run(['run', 'w.yml', '--input', `b=@${json}`, ...flags]);
    expect(ran.code, ran.stderr).toBe(0);
    for (const [id, given] of Object.entries(from)) {
      same(
        given.map((_, n) => place.reached(`${id}.${n}`)),
        given,
      );
      place.nothingRan(`input, ${id}`, given.length);
    }
  });

  it('from a file of variables, whose values are expanded by nobody', async () => {
    const place = injectionPlace({});
    // The notation has no form for both of these quotes in one value; within the double ones it has escapes.
    const quote = (text: string) => ["'", '`'].find((one) => !text.includes(one) && !text.includes('\r'));
    const texts = place.texts('dotenv').filter((text) => quote(text) !== undefined);
    const lines = texts.map((text, i) => `D${i}=${quote(text)}${text}${quote(text)}\n`);
    place.project.write('.env.texts', lines.join(''));
    const steps = [writing('dotenv', texts, (i) => `env.D${i}`)];
    place.project.write('w.yml', file({ 'env-file': '.env.texts', steps }));
    const ran = await place.run(['run', 'w.yml']);
    expect(ran.code, ran.stderr).toBe(0);
    same(
      texts.map((_, n) => place.reached(`dotenv.${n}`)),
      texts,
    );
    place.nothingRan('env-file', texts.length);
  });
});

/** Once per text: what is named after it, written for it, stored and shown of it. */
const EACH = `
inputs: { list: { type: json, required: true } }
steps:
  - id: each
    matrix: { v: "${fence('inputs.list')}" }
    run: |
      printf %s "$V" > "$OUT/$CODEMACHINE_STEP"
      printf 'v<<%s\\n%s\\n%s\\n' "$CODEMACHINE_STEP" "$V" "$CODEMACHINE_STEP" >> "$CODEMACHINE_OUTPUT"
      printf '%s\\n' "$V"
    env: { V: "${fence('matrix.v')}" }
    outputs: { v: string }
  - id: all
    run: printf %s "$ALL" > "$OUT/all"
    env: { ALL: "${fence('toJSON(steps.each.instances.*.outputs.v)')}" }
outputs:
  values: steps.each.instances.*.outputs.v
  printed: steps.each.instances.*.stdout
`;

describe('a matrix of texts', () => {
  it('gives each a key, a directory, an output and a log of its own', async () => {
    const place = injectionPlace({ w: EACH });
    const texts = place.texts('matrix');
    const ran = await place.run(['run', 'w', '--json', '--inputs', place.inputs({ list: texts })]);
    expect(ran.code, ran.stderr.slice(0, 3000)).toBe(0);
    expect(ran.stdout).not.toMatch(/##\[|[\x00-\x09\x0b-\x1f\x7f-\x9f]|^::/m);
    const events: readonly Event[] = eventsOf(ran.stdout);
    const [expanded] = of(events, 'matrix-expanded');
    same(expanded?.combinations.map(({ v }) => v as string) ?? [], texts);
    const keys = expanded?.instances ?? [];
    expect(new Set(keys).size).toBe(texts.length);
    for (const key of keys) expect(key).toMatch(/^each\[[\p{L}\p{N}_.@+~-]*\]$/u);
    same(
      keys.map((key) => place.reached(key)),
      texts,
    );
    const outputs = events.findLast((event) => event.type === 'run-finished')?.outputs as {
      values: string[];
      printed: string[];
    };
    same(outputs.values, texts);
    same(JSON.parse(place.reached('all')?.toString() ?? '[]'), texts);
    same(
      outputs.printed,
      texts.map((text) => text.trimEnd()),
    );
    place.nothingRan('matrix: keys, directories, outputs, events', texts.length);
    for (const args of [
      ['status', '@last'],
      ['logs', '@last'],
      ['runs'],
      ['diff', '@last'],
      ['gc', '--dry-run'],
    ]) {
      const shown = await place.run(args, { GITHUB_ACTIONS: 'true' });
      expect(shown.stdout + shown.stderr, args[0]).not.toMatch(/^\s*::|##\[|\x1b[\]P]|\r(?!\n)/m);
    }
    place.nothingRan('logs and status, in GitHub Actions', texts.length);
  });
});
