/** Says in a word each what an engine can do. */
import type { JsonObject } from '../../model/result.ts';
import { ACCESS_LEVELS, EFFORT_LEVELS } from '../../model/workflow.ts';
import type { Capabilities, PromptKey } from './dialect.ts';

/** One thing that an engine can do or cannot, and how. */
export interface CapabilityRow {
  readonly name: string;
  readonly value: string;
  /** The same where six engines stand beside each other on a screen. */
  readonly short?: string;
}

/** The keys that are honoured or not, with the names that people know them by. */
const KEYS: readonly (readonly [string, PromptKey])[] = [
  ['session', 'session'],
  ['fork', 'fork'],
  ['max-turns', 'max-turns'],
  ['tools', 'tools'],
  ['mcp', 'mcp'],
  ['system', 'system'],
];

/** All of it, in the same order for every engine. */
export function capabilityRows(capabilities: Capabilities): readonly CapabilityRow[] {
  const { keys, schema, sandbox, usage, reportsCost, addDir, sessionStays } = capabilities;
  return [
    {
      name: 'schema',
      ...(schema === 'native' ? { value: 'native' } : { value: 'by prompt', short: 'prompt' }),
    },
    ...KEYS.map(([name, key]) => ({ name, value: yes(keys.includes(key)) })).map((row) =>
      row.name === 'session' && sessionStays === true
        ? { ...row, value: 'in its directory', short: 'yes' }
        : row,
    ),
    { name: 'effort', ...efforts(capabilities) },
    { name: 'network off', ...networkOff(capabilities) },
    { name: 'sandbox', ...(sandbox === 'none' ? { value: 'no' } : { value: sandbox, short: 'yes' }) },
    { name: 'usage', ...WHEN[usage] },
    { name: 'budget', ...WHEN[usage] },
    { name: 'cost', value: yes(reportsCost) },
    { name: 'add-dir', value: yes(addDir) },
  ];
}

/** All of it for programs. */
export function capabilitiesJson(capabilities: Capabilities): JsonObject {
  const {
    keys,
    schema,
    sandbox,
    usage,
    reportsCost,
    addDir,
    efforts: levels,
    network,
    access,
  } = capabilities;
  return {
    schema: schema === 'native' ? 'native' : 'by-prompt',
    ...Object.fromEntries(KEYS.map(([name, key]) => [name, keys.includes(key)])),
    effort: [...levels],
    network: Object.fromEntries(ACCESS_LEVELS.map((level) => [level, [...network[level]]])),
    sandbox,
    usage,
    budget: usage,
    cost: reportsCost,
    'add-dir': addDir,
    access: { ...access },
  };
}

/** What is told while the engine works ends it in time; what is told at the end counts against those that come after it. */
const WHEN = {
  live: { value: 'live' },
  end: { value: 'at the end', short: 'end' },
  none: { value: 'no' },
} as const;

function yes(holds: boolean): string {
  return holds ? 'yes' : 'no';
}

type Value = Omit<CapabilityRow, 'name'>;

function efforts({ efforts: levels }: Capabilities): Value {
  if (levels.length === 0) return { value: 'no' };
  if (EFFORT_LEVELS.every((level) => levels.includes(level))) return { value: 'all' };
  return { value: levels.join(' '), short: `${levels.length} of ${EFFORT_LEVELS.length}` };
}

function networkOff({ network }: Capabilities): Value {
  const levels = ACCESS_LEVELS.filter((level) => network[level].includes('off'));
  if (levels.length === 0) return { value: 'no' };
  if (levels.length === ACCESS_LEVELS.length) return { value: 'yes' };
  return { value: levels.join(' '), short: 'partly' };
}
