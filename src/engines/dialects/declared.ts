/** Makes a dialect of what the configuration says about a program of one's own. */
import type { EngineConfig } from '../../model/config.ts';
import type { PromptJob } from '../../model/ports.ts';
import { ACCESS_LEVELS, type Access } from '../../model/workflow.ts';
import { promptWithSchema } from './answer-schema.ts';
import { declaredReader, type Fit } from './declared-reader.ts';
import type { AnyDialect, Capabilities, DialectPlace, EngineCommand, PromptKey } from './dialect.ts';

/** What the path of the prompt's file, the id of a session and the name of a model stand for in arguments. */
const PROMPT_FILE = '{prompt-file}';
const SESSION = '{session}';
const MODEL = '{model}';

/** The name of the prompt's file in the directory of the attempt. */
const FILE = 'prompt.md';

/**
 * The dialect of a declared engine.
 * @param fits one for each of its failures, in that order; who only wants to know what it can do, or has used, needs none
 */
export function declaredDialect(name: string, config: EngineConfig, fits: readonly Fit[] = []): AnyDialect {
  const { declared = {} } = config;
  const failures = fits.flatMap((line, index) => {
    const reason = declared.failure?.[index]?.reason;
    return reason === undefined ? [] : [{ line, reason }];
  });
  return {
    name,
    program: name,
    install: `put it into a directory of PATH, or name its place as \`engines.${name}.command\` in the configuration`,
    capabilities: capabilitiesOf(config),
    // What else it needs is said by `env`, where everybody sees it.
    variables: () => [],
    command: (job, place) => command(config, job, place),
    reader: ({ model }) => declaredReader(name, declared, failures, model),
  };
}

function capabilitiesOf({ declared = {} }: EngineConfig): Capabilities {
  const keys: PromptKey[] = ['output'];
  if (declared.session?.continue !== undefined) keys.push('session');
  if (declared.session?.fork !== undefined) keys.push('fork');
  const levels = ACCESS_LEVELS.filter((level) => declared.access?.[level] !== undefined);
  const means = (level: Access): string => {
    const args = declared.access?.[level];
    if (args === undefined) return 'not declared';
    return args.length === 0 ? 'as it is' : `\`${args.join(' ')}\``;
  };
  return {
    keys,
    network: { read: [], write: [], full: [] },
    access: { read: means('read'), write: means('write'), full: means('full') },
    levels,
    choosesModel: declared.model !== undefined,
    efforts: [],
    reportsCost: declared.map?.usd !== undefined,
    schema: 'prompt',
    usage: declared.map?.['input-tokens'] === undefined ? 'none' : 'live',
    sandbox: 'none',
    addDir: false,
  };
}

/** The configuration as it starts the program: the arguments behind it are the dialect's. */
export function startOf(config: EngineConfig): EngineConfig {
  return config.command === undefined ? config : { ...config, command: config.command.slice(0, 1) };
}

function command(
  { command = [], declared = {} }: EngineConfig,
  job: PromptJob,
  place: DialectPlace,
): EngineCommand {
  const { access, session, model } = declared;
  const goesOn = job.session?.fork === true ? (session?.fork ?? session?.continue) : session?.continue;
  const args = [
    ...command.slice(1),
    ...(access?.[job.access] ?? []),
    ...(job.model === undefined ? [] : filled(model, MODEL, job.model)),
    ...(job.session === undefined ? [] : filled(goesOn, SESSION, job.session.id)),
  ];
  const prompt = job.schema === undefined ? job.prompt : promptWithSchema(job.prompt, job.schema);
  const inFile = declared.prompt === 'file';
  return {
    args: filled(args, PROMPT_FILE, `${place.scratch}/${FILE}`),
    env: {},
    stdin: inFile ? '' : prompt,
    files: inFile ? { [FILE]: prompt } : {},
  };
}

function filled(args: readonly string[] = [], place: string, value: string): readonly string[] {
  return args.map((arg) => arg.replaceAll(place, () => value));
}
