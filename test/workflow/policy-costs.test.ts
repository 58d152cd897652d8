// Shows who lets engines work whose cost nobody knows: of a limit of the policy, the policy.
import { expect, test } from 'vitest';
import { mergeConfig, readConfig } from '../../src/workflow/config.ts';
import { workflowOf, worldAt } from './fixtures.ts';

const USER = '~/.config/codemachine/policy.yml';

/** What is wrong with a step of an engine that does not say what it costs, under a budget and the policies of two files. */
async function said(budget: string, repository: string, user = ''): Promise<readonly string[]> {
  const lower = readConfig({ path: '.codemachine/config.yml', text: `policy: { budget: ${repository} }` });
  const upper = readConfig({ path: USER, text: user === '' ? '' : `budget: ${user}` }, 'policy');
  const config = user === '' ? lower.config : mergeConfig(lower.config, upper.config);
  const text = `name: w\n${budget}steps: [{ engine: codex, access: read, prompt: x }]\n`;
  const { diagnostics } = await workflowOf({ path: 'w.yml', text }, { ...worldAt('.'), config });
  return diagnostics
    .filter(({ code }) => code === 'unknown-cost')
    .map(({ message }) => /policy \((.*)\)/.exec(message)?.[1] ?? 'the file');
}

const LIFTED = '{ usd: 20, allow-unknown-cost: true }';
const OWN = 'budget: { usd: 5 }\n';
const OWN_LIFTED = 'budget: { usd: 5, allow-unknown-cost: true }\n';

test.each([
  ['a policy in dollars', '', '{ usd: 20 }', '', ['.codemachine/config.yml:1']],
  ['a policy that lets it pass', '', LIFTED, '', []],
  ['a policy that lets it pass, and a file that does not', OWN, LIFTED, '', ['the file']],
  ['both let it pass', OWN_LIFTED, LIFTED, '', []],
  [
    'a file that lets it pass, however narrow its limit',
    OWN_LIFTED,
    '{ usd: 20 }',
    '',
    ['.codemachine/config.yml:1'],
  ],
  ['a policy that limits tokens alone', OWN_LIFTED, '{ tokens: 2M }', '', []],
  ['one policy that does not, of two', '', LIFTED, '{ usd: 50 }', [`${USER}:1`]],
  ['two policies that do', '', LIFTED, LIFTED, []],
] as const)('%s', async (_, budget, repository, user, expected) => {
  expect(await said(budget, repository, user)).toEqual(expected);
});
