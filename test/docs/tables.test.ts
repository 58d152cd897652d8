// Holds the tables of the documentation to the lists of the program.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  AGENTS_SEE,
  AGENTS_SEE_PREFIXES,
  agentBase,
  childEnv,
  shellBase,
  TRAPS,
} from '../../src/engines/child-env.ts';
import type { PromptKey } from '../../src/engines/dialects/dialect.ts';
import { DIALECTS } from '../../src/engines/dialects/dialects.ts';
import { FAILURE_REASONS, FALLBACK_REASONS, TRANSIENT_REASONS } from '../../src/model/failure.ts';
import { BUILT_IN_ENGINES } from '../../src/model/workflow.ts';
import { codeIn, PAGES, pageText, tableUnder } from './snippets.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const firstCode = ([cell = '']: readonly string[]) => codeIn(cell)[0] ?? cell;

interface Schema {
  readonly oneOf?: readonly { readonly $ref: string }[];
  readonly properties: Readonly<Record<string, unknown>>;
  readonly $defs: Readonly<Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>>;
}
const schemaOf = (name: string) =>
  JSON.parse(readFileSync(path.join(ROOT, `schemas/${name}.schema.json`), 'utf8')) as Schema;

describe('docs/workflow.md', () => {
  const page = 'docs/workflow.md';
  const schema = schemaOf('workflow');
  const keysOf = (name: string) => Object.keys(schema.$defs[name]?.properties ?? {});

  test('lists the keys of a workflow', () => {
    const listed = tableUnder(page, 'Top level').map(firstCode);
    expect([...listed].sort()).toEqual([...Object.keys(schema.properties), 'x-…'].sort());
  });

  test('lists the keys of steps', () => {
    const listed = ['Steps', '`run`', '`prompt`'].flatMap((heading) =>
      tableUnder(page, heading).map(firstCode),
    );
    expect([...listed].sort()).toEqual(keysOf('step').sort());
  });

  test('lists the keys of an agent, of `retry` and of `defaults`', () => {
    const agent = /An agent under `agents` takes ([^.]*)\./.exec(pageText(page))?.[1] ?? '';
    expect([...codeIn(agent)].sort()).toEqual(keysOf('agent').sort());
    expect(tableUnder(page, 'Retry').map(firstCode)).toEqual(keysOf('retry'));
    const row = tableUnder(page, 'Top level').find((cells) => firstCode(cells) === 'defaults') ?? [];
    expect([...codeIn(row[1] ?? '')].sort()).toEqual(keysOf('defaults').sort());
  });

  test('drives every engine of the language', () => {
    expect(DIALECTS.map(({ name }) => name)).toEqual(BUILT_IN_ENGINES);
  });
});

describe('docs/runs.md', () => {
  const reasons = tableUnder('docs/runs.md', 'Why an attempt failed');

  test('names every reason of a failure', () => {
    expect([...reasons.map(firstCode)].sort()).toEqual([...FAILURE_REASONS].sort());
  });

  test('marks what is transient, and what another engine is asked after', () => {
    const marked = (word: string) =>
      reasons.filter(([, , marks = '']) => marks.includes(word)).map(firstCode);
    expect([...marked('transient')].sort()).toEqual([...TRANSIENT_REASONS].sort());
    expect([...marked('next engine')].sort()).toEqual([...FALLBACK_REASONS].sort());
  });

  test('names every event', () => {
    const { oneOf = [] } = schemaOf('event');
    const types = oneOf.map(({ $ref }) => $ref.replace('#/$defs/', ''));
    expect([...tableUnder('docs/runs.md', 'Events').map(firstCode)].sort()).toEqual([...types].sort());
  });
});

describe('docs/engines.md', () => {
  const page = 'docs/engines.md';
  const names = DIALECTS.map(({ name }) => name);

  test('lists the engines with their programs', () => {
    const rows = tableUnder(page, 'Engines').map(([engine = '', program = '']) => [engine, program]);
    expect(rows).toEqual(DIALECTS.map(({ name, program }) => [`\`${name}\``, `\`${program}\``]));
  });

  test('says what each level of access means as the engines do', () => {
    const levels = (['read', 'write', 'full'] as const).map((level) => [
      `\`${level}\``,
      ...DIALECTS.map(({ capabilities }) => capabilities.access[level]),
    ]);
    expect(tableUnder(page, 'What `access` means')).toEqual(levels);
  });

  test('has the tables that the dialects make', () => {
    const script = path.join(ROOT, 'bin/dev/engines-page.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('says which keys each can honour', () => {
    const rows = Object.fromEntries(
      tableUnder(page, 'What each can do').map(([key = '', ...cells]) => [key, cells]),
    );
    // How it can is more than whether: an answer always can be asked for, and the network is a matter of the access.
    const elsewhere: Partial<Record<PromptKey, string>> = { output: 'schema', network: 'network off' };
    const all: readonly PromptKey[] = [
      ...DIALECTS.flatMap(({ capabilities }) => capabilities.keys),
      'network',
    ];
    for (const key of all) expect(Object.keys(rows)).toContain(elsewhere[key] ?? key);
    DIALECTS.forEach(({ capabilities: { keys } }, index) => {
      for (const [key, cells] of Object.entries(rows))
        if ((all as readonly string[]).includes(key) && key !== 'network')
          expect(cells[index] !== 'no', key).toBe((keys as readonly string[]).includes(key));
    });
  });

  test('lists the variables that pass to each', () => {
    const rows = tableUnder(page, 'What an engine is given');
    expect(rows.map(firstCode)).toEqual(names);
    DIALECTS.forEach(({ variables }, index) => {
      expect([...codeIn(rows[index]?.[1] ?? '')].sort()).toEqual([...variables({})].sort());
    });
  });

  test('names reasons that there are', () => {
    const named = tableUnder(page, 'When it fails').map(firstCode);
    expect(named.filter((reason) => !(FAILURE_REASONS as readonly string[]).includes(reason))).toEqual([]);
  });
});

describe('docs/security.md', () => {
  const section =
    pageText('docs/security.md')
      .split(/^## /m)
      .find((text) => text.startsWith('Environments')) ?? '';
  const [, shells = '', agents = '', ours = ''] = section.split('\n\n');
  const everything = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'x']));

  test('names what `run` steps do not get', () => {
    const names = codeIn(shells).filter((name) => /^[A-Z_\d]+$/.test(name));
    // Ours are taken away from a step because it gets its own.
    const foreign = [...TRAPS].filter((name) => !name.startsWith('CODEMACHINE'));
    expect([...names].sort()).toEqual([...foreign].sort());
    expect(shellBase(everything([...names, 'OTHER', 'TOKEN']), ['TOKEN'])).toEqual({ OTHER: 'x' });
  });

  test('names what agents get', () => {
    const names = codeIn(agents).filter((name) => /^[A-Za-z_]+$/.test(name) && name !== 'env');
    expect([...names].sort()).toEqual([...AGENTS_SEE, ...AGENTS_SEE_PREFIXES].sort());
    const given = names.map((name) => (name.endsWith('_') ? `${name}X` : name));
    expect(Object.keys(agentBase(everything([...given, 'OTHER']), [], [])).sort()).toEqual([...given].sort());
  });

  test('names the engines that have a sandbox', () => {
    const about = pageText('docs/security.md').split('## What confines an agent')[1] ?? '';
    const [, said = ''] = /One has a sandbox of the operating system: (.*?), under/s.exec(about) ?? [];
    const confined = DIALECTS.filter(({ capabilities }) => capabilities.sandbox !== 'none');
    expect(codeIn(said)).toEqual(confined.map(({ name }) => name));
  });

  test('names the variables of ours', () => {
    const about = { run: 'r', step: 's', attempt: 1, workspace: '/w', mark: 'm', output: '/o' };
    expect([...new Set(codeIn(ours).filter((name) => name.startsWith('CODEMACHINE')))].sort()).toEqual(
      Object.keys(childEnv({}, {}, about)).sort(),
    );
  });
});

describe('links', () => {
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
  const anchorsOf = (file: string) =>
    [...pageText(file).matchAll(/^#+ (.*)$/gm)].map((match) => slug(match[1] ?? ''));

  test.each(PAGES)('of %s lead somewhere', (file) => {
    for (const [, target = ''] of pageText(file).matchAll(/\]\(([^)\s]+)\)/g)) {
      const [name = '', anchor] = target.split('#');
      const page = name === '' ? file : path.join(path.dirname(file), name);
      expect(existsSync(path.join(ROOT, page)), `${file}: ${target}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(page), `${file}: ${target}`).toContain(anchor);
    }
  });

  test('lead from README.md to every page', () => {
    const reached = new Set(['README.md']);
    for (const file of reached)
      for (const [, target = ''] of pageText(file).matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g)) {
        const page = path.join(path.dirname(file), target);
        if (PAGES.includes(page)) reached.add(page);
      }
    expect([...reached].sort()).toEqual([...PAGES].sort());
  });

  test('files that are named in prose are there', () => {
    for (const file of PAGES) {
      const paths = codeIn(pageText(file)).filter((code) =>
        /^(src|test|docs|schemas|bin|\.config)\/[\w./-]+$/.test(code),
      );
      for (const named of paths) expect(existsSync(path.join(ROOT, named)), `${file}: ${named}`).toBe(true);
    }
  });
});
