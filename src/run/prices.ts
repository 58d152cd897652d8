/** Computes what was used by the prices of the configuration. */
import type { Price } from '../model/budget.ts';
import type { Usage } from '../model/event.ts';
import { isUntold } from '../model/spending.ts';

/** A cost that nobody reported, by the price of the model; unknown where that is not known either. */
export function priced(
  prices: Readonly<Record<string, Price>>,
  usage: Usage,
  model: string | undefined,
): Usage {
  const price = model !== undefined && Object.hasOwn(prices, model) ? prices[model] : undefined;
  // What says nothing of its tokens has no price of nothing.
  if (usage.usd !== null || price === undefined || isUntold(usage)) return usage;
  const { 'input-tokens': input, 'cached-tokens': cached, 'output-tokens': output } = usage;
  const dear =
    (input - cached) * price.input + cached * (price.cached ?? price.input) + output * price.output;
  return { ...usage, usd: dear / 1_000_000, 'usd-from': 'prices' };
}
