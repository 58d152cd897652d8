/** Reads what a workflow declares above its steps. */
import type { Template } from '../model/expression.ts';
import type { InputSpec, InputType, McpServer, Workflow } from '../model/workflow.ts';
import { misfit } from './inputs.ts';
import { complain, expressionOf, type Reading, templateOf } from './reading.ts';
import { leadsOut } from './scalars.ts';
import { child, type Entry, entriesOf, type Node, oneOrMany, plainValue, stringAt } from './tree.ts';

const INPUT_TYPES: readonly string[] = ['string', 'number', 'boolean', 'choice', 'json'];

/** The inputs of a workflow, or the fields of a gate, by name. */
export function readInputSpecs(reading: Reading, node: Node | undefined): Workflow['inputs'] {
  const specs: [string, InputSpec][] = [];
  for (const entry of entriesOf(node)) specs.push([entry.name, readInputSpec(reading, entry)]);
  return Object.fromEntries(specs);
}

function readInputSpec(reading: Reading, { name, at, value: node }: Entry): InputSpec {
  const written = stringAt(node, 'type') ?? 'string';
  // A type that is none was complained about; everything fits `json`, so nothing follows from it.
  const type = (INPUT_TYPES.includes(written) ? written : 'json') as InputType;
  const description = stringAt(node, 'description');
  const optionsNode = child(node, 'options');
  const options = optionsNode?.kind === 'list' ? optionsNode.items.flatMap(textOf) : undefined;
  const fallback = child(node, 'default');
  const spec: InputSpec = {
    type,
    required: isTrue(child(node, 'required')),
    at,
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined || isNothing(fallback) ? {} : { default: plainValue(fallback) }),
    ...(options === undefined ? {} : { options }),
  };
  if (type === 'choice' && optionsNode === undefined) complain(reading, 'no-options', at, { name });
  else if (type !== 'choice' && options !== undefined && INPUT_TYPES.includes(written)) {
    complain(reading, 'options-without-choice', optionsNode?.at ?? at, { name, type });
  } else if (
    spec.default !== undefined &&
    fallback !== undefined &&
    !isFence(fallback) &&
    options?.length !== 0
  ) {
    const problem = misfit(spec, spec.default);
    if (problem !== undefined)
      complain(reading, 'bad-default', fallback.at, {
        name,
        problem: `it ${problem}`,
        better: betterDefault(spec),
      });
  }
  return spec;
}

function betterDefault({ type, options = [] }: InputSpec): string {
  switch (type) {
    case 'string':
      return 'write the text in quotes, or leave the default out';
    case 'number':
      return 'write a number without quotes, such as `3`, or leave the default out';
    case 'boolean':
      return 'write `true` or `false`, or leave the default out';
    case 'choice':
      return `write ${options.map((option) => `\`${option}\``).join(' or ')}, or leave the default out`;
    case 'json':
      return 'write another value, or leave the default out';
  }
}

/** A mapping of variables, as templates. */
export function readEnv(reading: Reading, node: Node | undefined): Readonly<Record<string, Template>> {
  const env: [string, Template][] = [];
  for (const entry of entriesOf(node)) {
    const template = templateOf(reading, entry.value);
    if (template !== undefined) env.push([entry.name, template]);
  }
  return Object.fromEntries(env);
}

/** The env files; one that is not there is complained about, unless it may be missing. */
export function readEnvFiles(reading: Reading): Workflow['envFiles'] {
  return oneOrMany(child(reading.root, 'env-file')).flatMap((node) => {
    if (node.kind !== 'scalar' || typeof node.value !== 'string' || isFence(node) || node.value === '')
      return [];
    const optional = node.value.endsWith('?');
    const path = optional ? node.value.slice(0, -1) : node.value;
    if (leadsOut(path)) complain(reading, 'outside-workspace', node.at, { key: '`env-file`', value: path });
    else if (!optional && !reading.world.existsInWorkspace(path)) {
      const help = `make the file at the root of the workspace, or write \`${path}?\` if it may be missing`;
      complain(reading, 'missing-file', node.at, { file: path, problem: 'it is not there', help });
    }
    return [{ path, optional, at: node.at }];
  });
}

/** The names of the secrets. */
export function readSecrets(reading: Reading): Workflow['secrets'] {
  const node = child(reading.root, 'secrets');
  return node?.kind === 'list'
    ? node.items.flatMap((item) => textOf(item).map((name) => ({ name, at: item.at })))
    : [];
}

/** The results of the run, each an expression. */
export function readOutputs(reading: Reading): Workflow['outputs'] {
  const outputs: [string, Template][] = [];
  for (const { name, value } of entriesOf(child(reading.root, 'outputs'))) {
    const expr = expressionOf(reading, value);
    if (expr !== undefined) outputs.push([name, { parts: [expr], whole: true, at: value.at }]);
  }
  return Object.fromEntries(outputs);
}

/** MCP servers; each is a program or an address. */
export function readMcp(
  reading: Reading,
  node: Node | undefined,
): Readonly<Record<string, McpServer>> | undefined {
  if (node?.kind !== 'map') return undefined;
  const servers: [string, McpServer][] = [];
  for (const { name, at, value } of node.entries.values()) {
    if (value.kind !== 'map') continue;
    const command = stringAt(value, 'command');
    const url = stringAt(value, 'url');
    const args = child(value, 'args');
    if ((command === undefined) === (url === undefined) && !reading.judged.has(value)) {
      complain(reading, 'mcp-server-kind', at, { name, both: url !== undefined });
    }
    const address = child(value, 'url');
    const isOther = url !== undefined && url !== '' && !/^https?:\/\/./i.test(url);
    if (isOther && address !== undefined && !isFence(address) && !reading.judged.has(value)) {
      const better = 'write it whole, such as `https://mcp.example.com/mcp`';
      complain(reading, 'out-of-range', address.at, {
        key: '`url`',
        limit: 'an address of http or https',
        better,
      });
    }
    reading.judged.add(value);
    const env = [...entriesOf(child(value, 'env'))].flatMap((entry) =>
      entry.value.kind === 'scalar' ? [[entry.name, entry.value.written] as const] : [],
    );
    servers.push([
      name,
      {
        ...(command === undefined ? {} : { command }),
        ...(args?.kind === 'list' ? { args: args.items.flatMap(textOf) } : {}),
        ...(env.length > 0 ? { env: Object.fromEntries(env) } : {}),
        ...(url === undefined ? {} : { url }),
      },
    ]);
  }
  return Object.fromEntries(servers);
}

/** The text of a node, as a list of one; none where it is no text. */
export function textOf(node: Node): readonly string[] {
  return node.kind === 'scalar' && typeof node.value === 'string' ? [node.value] : [];
}

/** Whether a value holds an expression, which static keys do not take. */
export function isFence(node: Node): boolean {
  return node.kind === 'scalar' && node.written.includes('${{');
}

function isNothing(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** Whether a value is `true`. */
export function isTrue(node: Node | undefined): boolean {
  return node?.kind === 'scalar' && node.value === true;
}
