// The table of scenarios: what the scripted model does at each moment of each.
import { resolve } from 'node:path';

import type { Moment } from './conversation.ts';
import type { Refusal, Reply } from './reply.ts';

/** What a scenario may use besides the conversation. */
export interface Surroundings {
  /** How often this very marker was asked for before, over all sessions since the last reset. */
  asked: number;
  /** A URL of the server which notes that it was reached. */
  probe: { host: string; port: number; path: string };
  /** Seconds since 1970. */
  now: number;
}

type Scenario = (moment: Moment, around: Surroundings) => Reply;

function text(moment: Moment, key: string, otherwise: string): string {
  const value = moment.marker.args[key];
  return value === undefined ? otherwise : String(value);
}

function number(moment: Moment, key: string): number | undefined {
  const value = moment.marker.args[key];
  return typeof value === 'number' ? value : undefined;
}

/** Puts a tool's output where an answer says `$output`, so that the answer depends on what the tool really did. */
function fill(value: unknown, output: string): unknown {
  if (value === '$output') return output;
  if (Array.isArray(value)) return value.map((one) => fill(one, output));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, output)]));
}

/** Ends a scenario that used tools: with the `answer` or `say` of its arguments, or with what came of the tool. */
function finish(moment: Moment): Reply {
  const { args } = moment.marker;
  const last = moment.outputs.at(-1);
  if (args.answer !== undefined) return { kind: 'answer', value: fill(args.answer, last?.text.trim() ?? '') };
  const outcome = last?.failed ? `The tool failed: ${last.text.trim().slice(0, 500)}` : 'Done.';
  return { kind: 'say', text: text(moment, 'say', outcome).replaceAll('$output', last?.text.trim() ?? '') };
}

/** The structured answer was taken: engines with an answer tool come back once more after it. */
function answered(moment: Moment): boolean {
  const last = moment.outputs.at(-1);
  return last !== undefined && !last.failed && /structured output provided/i.test(last.text);
}

const runCommand =
  (command: (moment: Moment, around: Surroundings) => string): Scenario =>
  (moment, around) =>
    moment.outputs.length === 0 ? { kind: 'shell', command: command(moment, around) } : finish(moment);

/** Writes a file by the engine's own edit tool. */
const writeFile =
  (place: (moment: Moment) => string): Scenario =>
  (moment) => {
    if (moment.outputs.length > 0) return finish(moment);
    const path = resolve(moment.cwd, place(moment));
    return { kind: 'write', path, content: text(moment, 'content', 'written by the scripted model\n') };
  };

const schemaBroken: Scenario = (moment) => {
  const { args } = moment.marker;
  const retry = number(moment, 'at-retry');
  const mended = moment.repairs > 0 || (retry !== undefined && moment.outputs.length >= retry);
  if (args.answer !== undefined && mended) return { kind: 'answer', value: args.answer };
  if (args.ignore === true)
    return { kind: 'say', text: text(moment, 'say', 'I would rather answer in prose.') };
  return { kind: 'answer', value: args.broken ?? { unexpected: 'shape' } };
};

const failThenOk: Scenario = (moment, around) => {
  if (around.asked < (number(moment, 'times') ?? 1)) {
    return run({ ...moment, marker: { ...moment.marker, name: text(moment, 'with', '529') } }, around);
  }
  return run({ ...moment, marker: { ...moment.marker, name: text(moment, 'then', 'text') } }, around);
};

const refuse =
  (how: Refusal): Scenario =>
  (moment, around) => {
    const retryAfter = number(moment, 'retry-after');
    return {
      kind: 'refuse',
      how,
      resetsAt: number(moment, 'resets-at') ?? around.now + 3600,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    };
  };

/** Holds a tool until the test lets go: `ready` is made when it runs, and it ends when `until` exists. */
function heldCommand(moment: Moment): string {
  const quote = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
  const ready = moment.marker.args.ready === undefined ? '' : `: > ${quote(text(moment, 'ready', ''))}; `;
  const until = quote(text(moment, 'until', 'never-made'));
  return text(moment, 'command', `${ready}while [ ! -e ${until} ]; do sleep 0.05; done; echo released`);
}

const reach = (around: Surroundings) =>
  `bash -c 'exec 3<>/dev/tcp/${around.probe.host}/${around.probe.port} && ` +
  `printf "GET ${around.probe.path} HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3'`;

const partial = (moment: Moment) => text(moment, 'say', 'I was about to say');

/**
 * The scenarios and their arguments, all optional. Those which end in words take `say`; those which use a tool also
 * `answer` (a structured answer). In both `$output` stands for what the tool printed.
 *
 * - `edit`, `write-outside`: `path` (from the working directory), `content`.
 * - `shell`, `network`, `loop`: `command`. `network` knocks at the provider's own probe.
 * - `sleep-tool`: `ready` (a path made when the tool runs), `until` (a path it waits for), or a `command`.
 * - `schema`: `answer`. `thinking`: `thinking`.
 * - `schema-broken`: `broken` (what breaks the schema), `answer` (given on a repair turn, or at the engine's own
 *   retry number `at-retry`), `ignore` (prose instead of an answer).
 * - `429`, `503`, `529` and the other refusals: `retry-after` (seconds). `usage-limit`: `resets-at` (Unix seconds).
 * - `fail-then-ok`: `times`, `with` (a scenario), `then` (a scenario, with its arguments beside these); counted per
 *   marker as written, so two steps that shall fail on their own need different markers.
 */
const scenarios = {
  text: (moment) => ({ kind: 'say', text: text(moment, 'say', 'Done.') }),
  thinking: (moment) => ({
    kind: 'say',
    thinking: text(moment, 'thinking', 'Let me think about it.'),
    text: text(moment, 'say', 'Done.'),
  }),
  edit: writeFile((moment) => text(moment, 'path', 'edited.txt')),
  'write-outside': writeFile((moment) => text(moment, 'path', '../outside.txt')),
  shell: runCommand((moment) => text(moment, 'command', 'echo hello')),
  network: runCommand((moment, around) => text(moment, 'command', reach(around))),
  'sleep-tool': runCommand(heldCommand),
  loop: (moment) => ({
    kind: 'shell',
    command: text(moment, 'command', `echo round ${moment.outputs.length + 1}`),
  }),
  schema: (moment) =>
    finish({ ...moment, marker: { ...moment.marker, args: { answer: {}, ...moment.marker.args } } }),
  'schema-broken': schemaBroken,
  hang: () => ({ kind: 'hang' }),
  stall: (moment) => ({ kind: 'stall', text: partial(moment) }),
  drop: (moment) => ({ kind: 'drop', text: partial(moment) }),
  'overload-in-stream': (moment) => ({ kind: 'overload', text: partial(moment) }),
  refusal: () => ({ kind: 'say', text: '', end: 'refusal' }),
  'output-cut': (moment) => ({ kind: 'say', text: partial(moment), end: 'cut' }),
  'fail-then-ok': failThenOk,
  '400': refuse('400'),
  '401': refuse('401'),
  '403': refuse('403'),
  '404': refuse('404'),
  '429': refuse('429'),
  '500': refuse('500'),
  '503': refuse('503'),
  '529': refuse('529'),
  'context-overflow': refuse('context-overflow'),
  'credit-too-low': refuse('credit-too-low'),
  'usage-limit': refuse('usage-limit'),
} satisfies Record<string, Scenario>;

/** A scenario's name, as written after `SCENARIO:`. */
export type ScenarioName = keyof typeof scenarios;

/** Every scenario, for tests that go through all of them. */
export const scenarioNames = Object.keys(scenarios) as ScenarioName[];

/** What the model does now. An unknown scenario throws: the test that named it is wrong. */
export function run(moment: Moment, around: Surroundings): Reply {
  const scenario = Object.hasOwn(scenarios, moment.marker.name)
    ? (scenarios[moment.marker.name as ScenarioName] as Scenario)
    : undefined;
  if (scenario === undefined) {
    throw new Error(`no scenario is called ${moment.marker.name}; there are ${scenarioNames.join(', ')}`);
  }
  return answered(moment) ? { kind: 'say', text: 'Done.' } : scenario(moment, around);
}
