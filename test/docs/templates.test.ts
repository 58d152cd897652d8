// Compares what templates say about themselves, in their files and in docs/templates.md, with what they are.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { TEMPLATES } from '../../src/app/init/templates.ts';
import { EXAMPLE_NAMES, EXAMPLES } from './example.ts';
import { pageText } from './snippets.ts';
import { asked, drawn, type Template, templateOf } from './templates.ts';

const PAGE = 'docs/templates.md';

/** `3 times`, or `at least 1 and at most 4 times`. */
function times([least, most]: readonly [number, number]): string {
  if (least !== most) return `at least ${least} and at most ${most} times`;
  return most === 1 ? 'once' : `${most} times`;
}

const budgetOf = ({ budget }: Template) =>
  `${budget.usd} USD, ${budget.tokens} tokens or ${String(budget.time).replace('h', ' h')}`;

describe.each(TEMPLATES)('%s', (name) => {
  const template = templateOf(name);

  test('says how often agents are asked, and when its budget stops it', () => {
    const about = template.about.replaceAll('\n', ' ');
    expect(about).toMatch(new RegExp(`(Agents are|An agent is) asked ${times(asked(template))}\\b`));
    expect(about).toContain(`The run parks at ${budgetOf(template)}`);
  });

  test('runs the tests as `npm test`, of which no prompt speaks', () => {
    expect(template.all.map(({ run }) => run)).toContain('npm test');
    for (const { prompt } of template.all) expect(prompt ?? '').not.toMatch(/npm|node /);
  });

  test('says of each agent how far it may reach, and gives none of them everything', () => {
    for (const { access } of Object.values(template.agents)) expect(['read', 'write']).toContain(access);
    for (const { prompt, agent } of template.all)
      if (prompt !== undefined) expect(template.agents).toHaveProperty([agent ?? '']);
  });

  test('has a project, a recording of its agents, and tests', () => {
    for (const place of [`${name}-project/package.json`, `recordings/${name}`, `tests/${name}.test.yml`])
      expect(path.join(EXAMPLES, place)).toSatisfy(existsSync);
  });
});

/** The rest of the page, from its table on. */
async function generated(): Promise<string> {
  const templates = TEMPLATES.map((name) => templateOf(name));
  const rows = templates.map(
    (one) => `| [\`${one.name}\`](#${one.name}) | ${one.does} | ${times(asked(one))} | ${budgetOf(one)} |`,
  );
  const sections = await Promise.all(
    templates.map(async (one) => {
      const { name, does, about } = one;
      const file = `[${name}.yml](../examples/${name}.yml), [its tests](../examples/tests/${name}.test.yml)`;
      return `## ${name}\n\n${does}.\n\n${about}\n\n${file}.\n\n\`\`\`mermaid\n${await drawn(name)}\`\`\`\n`;
    }),
  );
  const head = '| template | does | agents are asked | parks at |\n|---|---|---|---|';
  return `${head}\n${rows.join('\n')}\n\n${sections.join('\n')}`;
}

describe(PAGE, () => {
  test('shows each template as it is; `UPDATE_FIXTURES=1` writes it anew', async () => {
    const page = pageText(PAGE);
    const begin = page.indexOf('| template |');
    const wanted = await generated();
    if (process.env['UPDATE_FIXTURES'] === '1') {
      writeFileSync(path.join(import.meta.dirname, '../..', PAGE), page.slice(0, begin) + wanted);
      return;
    }
    expect(page.slice(begin)).toBe(wanted);
  });

  test('leaves out no template', () => {
    const others = ['best-fix', 'checked-packages', 'checks', 'demo'];
    expect([...TEMPLATES, ...others].sort()).toEqual([...EXAMPLE_NAMES].sort());
  });
});
