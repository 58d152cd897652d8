// Holds what people read of costs that nobody knows.
import { expect, it } from 'vitest';
import { billOf, type Charge } from '../../src/model/bill.ts';
import type { Usage } from '../../src/model/event.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import { costText } from '../../src/report/cost.ts';

/** What is shown of one attempt that said so much. */
function shown(usage: Usage | undefined): string {
  const charge: Charge = {
    ...{ run: asRunId('20261120-141503-k7qd'), workflow: 'w', step: asStepKey('a'), attempt: 1 },
    ...{ engine: 'mine', at: '2026-11-20T14:15:03.000Z', end: 'succeeded', unknown: true },
    ...(usage === undefined ? {} : { usage }),
  };
  const costs = { by: 'workflow', bills: new Map(), total: billOf([charge]), runs: 1 } as const;
  return costText(costs, { color: false });
}

it('names prices only where there are tokens for them', () => {
  const told = { 'input-tokens': 10, 'output-tokens': 1, 'cached-tokens': 0, usd: null };
  expect(shown(told)).toContain(
    '1 attempt of unknown cost; `prices` in the configuration make later ones known',
  );
  expect(shown(undefined)).toMatch(/1 attempt of unknown cost$/m);
});
