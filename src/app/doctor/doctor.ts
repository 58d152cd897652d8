/** Looks whether everything that a run needs is there. */

import type { Retention } from '../../model/config.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import type { RunId } from '../../model/ids.ts';
import { locator } from '../../model/source.ts';
import { straysText } from '../../report/gc.ts';
import { table } from '../../report/table.ts';
import { count } from '../../report/words.ts';
import { DRIVER_PACKAGE, loadDriver } from '../../state/driver.ts';
import { StateError } from '../../state/problem.ts';
import { deserted } from '../clearing/deserted.ts';
import { limitsOf, muchToClear } from '../clearing/gc.ts';
import { runsKnownTo, straysHere } from '../clearing/strays.ts';
import { loadRepositoryConfig, loadUserConfig } from '../config.ts';
import { lookIntoState } from '../open.ts';
import { locate, type Place, shown, stateAt } from '../place.ts';
import { harmless, printRefusal } from '../print.ts';
import { answer } from '../programs.ts';
import { VERSION } from '../version.ts';
import { lookForEngines } from './doctor-engines.ts';
import { type Finding, lookForGit } from './doctor-git.ts';

const MARKS = { ok: '✔', missing: '–', bad: '✖' } as const;

/** The flags of `doctor`. */
export interface DoctorFlags {
  readonly json: boolean;
  readonly stateDir?: string | undefined;
  /** What is looked at besides: whether this one can run here. */
  readonly workflow?: string | undefined;
  readonly input: readonly string[];
  readonly inputs?: string | undefined;
}

/** `codemachine doctor`: exit code 1 when something keeps runs from working. */
export async function doctorCommand(flags: DoctorFlags): Promise<ExitCode> {
  const place = locate(stateAt(flags.stateDir), process.env);
  const repository = await loadRepositoryConfig(place);
  const user = await loadUserConfig(place, process.env, repository);
  if (flags.workflow === undefined && (flags.input.length > 0 || flags.inputs !== undefined))
    return printRefusal({
      message: 'inputs are those of a workflow, and none is named',
      help: '`codemachine doctor <workflow> --input name=value` looks whether that can run here',
    });
  const machine: readonly Finding[] = [
    { what: 'codemachine', state: 'ok' as const, found: VERSION },
    {
      what: 'Node',
      state: 'ok' as const,
      found: `${process.versions.node} (${process.platform} ${process.arch})`,
    },
    ...(await lookForGit(place, process.env)),
    await lookForDriver(),
    await lookAtState(place, { ...retentionOf(repository), ...retentionOf(user) }),
    ...(await lookForStrays(place)),
    ...configFindings(repository, user),
  ];
  const findings = [...machine, ...(await lookForWork(place, repository, user, flags, machine))];
  if (flags.json) answer(findings);
  else print(findings);
  return findings.some(({ state }) => state === 'bad') ? EXIT.failed : EXIT.succeeded;
}

/** The engines that are here; of a workflow, everything that it needs. */
async function lookForWork(
  place: Place,
  repository: Loaded,
  user: Loaded,
  { workflow, ...given }: DoctorFlags,
  before: readonly Finding[],
): Promise<readonly Finding[]> {
  if (workflow === undefined) return lookForEngines(place, repository, user);
  const { lookAtWorkflow } = await import('./doctor-workflow.ts');
  const badBefore = before.filter(({ state }) => state === 'bad').length;
  return lookAtWorkflow({ place, repository, user, env: process.env, badBefore }, workflow, given);
}

function print(findings: readonly Finding[]): void {
  const rows = findings.map(({ what, state, found }) => [MARKS[state], what, found]);
  const lines = table(rows);
  findings.forEach(({ help }, index) => {
    const text = `${lines[index] ?? ''}\n${help === undefined ? '' : `    ${help}\n`}`;
    process.stdout.write(harmless(text, process.stdout, process.env));
  });
}

/** Looked at where there is no run yet too: the first one should not be what finds it missing. */
async function lookForDriver(): Promise<Finding> {
  const loaded = await loadDriver();
  if (!loaded.ok) return { what: 'SQLite', state: 'bad', found: loaded.error.message };
  const database = loaded.value(':memory:');
  const version = String(database.prepare('SELECT sqlite_version()').pluck().get());
  database.close();
  return { what: 'SQLite', state: 'ok', found: `${version}, by ${DRIVER_PACKAGE}` };
}

/** The database opens, and every run's journal is as it was written. */
async function lookAtState(place: Place, retention: Retention): Promise<Finding> {
  const opened = await lookIntoState(place);
  if (opened === undefined) return { what: 'state', state: 'ok', found: 'no runs yet' };
  if (!opened.ok) return { what: 'state', state: 'bad', found: opened.error.message };
  const state = opened.value;
  const where = shown(place, state.directory);
  try {
    const runs = state.listRuns();
    const much = muchToClear(state, limitsOf(retention));
    const damaged = runs.flatMap(({ id }) => {
      const whole = state.verify(id);
      return whole.ok ? [] : [`run ${id}: milestone ${whole.error.seq}, ${whole.error.what}`];
    });
    if (damaged.length === 0)
      return {
        what: 'state',
        state: 'ok',
        found: `${where}, ${count(runs.length, 'run')}, every journal whole`,
        ...(much === undefined ? {} : { help: `${much}: \`codemachine gc\` clears up` }),
      };
    const help = 'these runs cannot be resumed; start them again';
    return { what: 'state', state: 'bad', found: `${where}: ${damaged.join('; ')}`, help };
  } catch (error) {
    if (error instanceof StateError) return { what: 'state', state: 'bad', found: error.message };
    throw error;
  } finally {
    state.close();
  }
}

/** Worth a line only where there is something. */
async function lookForStrays(place: Place): Promise<readonly Finding[]> {
  const opened = await lookIntoState(place);
  if (opened?.ok === false) return [];
  try {
    const scratch = opened === undefined ? [] : desertedFindings(deserted(opened.value));
    const known = opened === undefined ? new Set<RunId>() : runsKnownTo(opened.value);
    const strays = await straysHere(place, known);
    if (strays.length === 0) return scratch;
    const [found = '', ...help] = straysText(strays);
    return [
      ...scratch,
      { what: 'left over', state: 'missing', found: found.replace(/:$/, ''), help: help.join('\n    ') },
    ];
  } finally {
    opened?.value.close();
  }
}

function desertedFindings(directories: readonly string[]): readonly Finding[] {
  const [first, ...rest] = directories;
  if (first === undefined) return [];
  const more = rest.length === 0 ? '' : ` and ${rest.length} more`;
  return [
    {
      ...{ what: 'left over', state: 'missing' },
      found: `${first}${more}: the files of agents whose runner was killed`,
      help: '`codemachine gc` removes them, and so does `codemachine resume` of that run',
    },
  ];
}

function retentionOf(loaded: Loaded): Retention {
  return loaded.ok ? (loaded.value.retention ?? {}) : {};
}

type Loaded = Awaited<ReturnType<typeof loadUserConfig>>;

/** Every run refuses a configuration that is wrong; one that is not there, or is fine, is not worth a line. */
function configFindings(...loaded: readonly Loaded[]): readonly Finding[] {
  return loaded.flatMap((config) => {
    if (config.ok) return [];
    const { message, diagnostics = [], sources = new Map<string, string>() } = config.error;
    if (diagnostics.length === 0) return [{ what: 'config', state: 'bad' as const, found: message }];
    return diagnostics.map(({ message: what, path, at, severity, suggestion }) => {
      const { line, column } = locator(sources.get(path) ?? '')(at.start);
      return {
        ...{ what: 'config', state: severity === 'error' ? ('bad' as const) : ('missing' as const) },
        found: `${path}:${line}:${column}: ${what}`,
        ...(suggestion === undefined ? {} : { help: suggestion }),
      };
    });
  });
}
