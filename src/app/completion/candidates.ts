/** Finds what may stand where somebody is typing: commands, flags, and what a repository and its runs have names for. */
import { BUILT_IN_ENGINES } from '../../model/workflow.ts';
import { readTemplate, TEMPLATES } from '../init/templates.ts';
import { locate, type Place, stateAt } from '../place.ts';
import { type CommandSpec, type Commands, type FlagSpec, namesOf } from '../usage/manifest.ts';
import type { Asked, Line } from './asked.ts';
import { gatesOf, runsOf, startedSteps } from './of-runs.ts';
import { inputsOf, stepsOf, workflowsOf } from './of-workflows.ts';

/** Something that may stand there. */
export interface Candidate {
  readonly value: string;
  readonly about?: string | undefined;
}

/** All that may stand there. */
export interface Candidates {
  readonly list: readonly Candidate[];
  /** What of the disk fits besides. */
  readonly files?: 'any' | 'yaml' | 'directories';
}

/** What is known where they are looked for. */
export interface World {
  readonly commands: Commands;
  /** The process's own. */
  readonly env: NodeJS.ProcessEnv;
  /** The directory of package.json. */
  readonly root: string;
}

/** Finds them. What cannot be looked into throws. */
export async function candidatesFor(asked: Asked, { commands, env, root }: World): Promise<Candidates> {
  if (asked.kind === 'flags') return { list: flagsOf(asked.command, asked.given) };
  const { line } = asked;
  const place = locate(stateAt(line.flags['state-dir']), env);
  switch (asked.kind) {
    case 'command':
      return { list: commandsOf(commands) };
    case 'value':
      return { list: asked.options.map((value) => ({ value })) };
    case 'file':
      return { list: [], files: 'any' };
    case 'directory':
      return { list: [], files: 'directories' };
    case 'budget':
      return { list: ['usd=', 'tokens=', 'time='].map((value) => ({ value })) };
    case 'engine':
      return { list: await enginesOf(place, env) };
    case 'template':
      return { list: TEMPLATES.map((name) => ({ value: name, about: readTemplate(root, name).does })) };
    case 'workflow':
      return { list: workflowsOf(place), files: 'yaml' };
    case 'free':
      return { list: [] };
    case 'run':
      return { list: await runsOf(place) };
    case 'started-step':
      return { list: await startedSteps(place, runOf(line)) };
    default:
      return ofWhatIsNamed(asked.kind, place, line);
  }
}

async function ofWhatIsNamed(
  kind: 'step' | 'gate' | 'input' | 'field' | 'option',
  place: Place,
  line: Line,
): Promise<Candidates> {
  if (kind === 'step') return { list: await stepsOf(place, line) };
  if (kind === 'input') return { list: await inputsOf(place, line) };
  const gates = await gatesOf(place, runOf(line));
  if (kind === 'gate') return { list: gates.map(({ key, message }) => ({ value: key, about: message })) };
  const meant = gates.filter(({ key }) => line.args['gate'] === undefined || key === line.args['gate']);
  return kind === 'option'
    ? { list: meant.flatMap(({ options }) => options.map((value) => ({ value }))) }
    : { list: meant.flatMap(({ fields }) => fields) };
}

/** The run that the words before the cursor name. */
function runOf({ args }: Line): string {
  return args['run'] ?? '@last';
}

function commandsOf(commands: Commands): readonly Candidate[] {
  const all = namesOf(commands).map((value) => ({ value, about: commands[value]?.summary }));
  return [...all, { value: 'help', about: 'Show what a command takes.' }];
}

function flagsOf({ flags }: CommandSpec, given: readonly string[]): readonly Candidate[] {
  const left = Object.values(flags).filter(
    (flag) => flag.hidden !== true && (flag.multiple === true || !given.includes(flag.name)),
  );
  return [...left.flatMap(flagWords), { value: '--help', about: 'show what it takes' }];
}

function flagWords({ name, description, allowNo }: FlagSpec): readonly Candidate[] {
  const on = { value: `--${name}`, about: description };
  return allowNo === true ? [on, { value: `--no-${name}`, about: `not: ${description ?? ''}` }] : [on];
}

async function enginesOf(place: Place, env: NodeJS.ProcessEnv): Promise<readonly Candidate[]> {
  const { loadConfig } = await import('../config.ts');
  const config = await loadConfig(place, env);
  const declared = config.ok ? Object.keys(config.value.engines) : [];
  return [...new Set([...BUILT_IN_ENGINES, ...declared])].map((value) => ({ value }));
}
