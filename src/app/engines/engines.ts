/** Shows the engines that there are. */
import { capabilitiesJson, capabilityRows } from '../../engines/dialects/capability-rows.ts';
import { DIALECTS } from '../../engines/dialects/dialects.ts';
import { rangeWords } from '../../engines/dialects/versions.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { type EngineRow, engineJson, enginesText } from '../../report/engines.ts';
import { meantEngine } from '../../workflow/agents.ts';
import { loadRepositoryConfig, loadUserConfig } from '../config.ts';
import { locate } from '../place.ts';
import { colorOn, harmless, printRefusal, sayRefusal } from '../print.ts';
import { answer } from '../programs.ts';
import { type DeclaredHere, declaredHere, type EngineHere, enginesHere } from './engines-here.ts';

/** The flags of `engines`. */
export interface EnginesFlags {
  readonly json: boolean;
  readonly name?: string | undefined;
}

const NARROW = 80;

/** `codemachine engines`: only programs from PATH or the user's own configuration are started. */
export async function enginesCommand({ json, name }: EnginesFlags): Promise<ExitCode> {
  const place = locate({}, process.env);
  const repository = await loadRepositoryConfig(place);
  const user = await loadUserConfig(place, process.env, repository);
  // What is wrong there is said; what there is besides is worth seeing all the more.
  for (const config of [user, repository]) if (!config.ok) await sayRefusal(config.error);
  const declared = declaredHere(place, repository, user);
  const names = [...DIALECTS, ...declared.map(({ dialect }) => dialect)].map((dialect) => dialect.name);
  if (name !== undefined && !names.includes(name)) return printRefusal(unknown(name, names));
  const engines = await enginesHere(place, repository, user, name === undefined ? undefined : [name]);
  const own = declared.filter(({ dialect }) => name === undefined || name === dialect.name);
  const text = (): string =>
    enginesText([...engines.map(rowOf), ...own.map(declaredRow)], {
      color: colorOn(process.stdout, process.env),
      columns: process.stdout.columns ?? NARROW,
    });
  if (json) answer([...engines.map(jsonOf), ...own.map(declaredJson)]);
  else process.stdout.write(harmless(text(), process.stdout, process.env));
  return EXIT.succeeded;
}

function unknown(
  name: string,
  names: readonly string[],
): { readonly message: string; readonly help: string } {
  const near = meantEngine(
    name,
    names.filter((one) => DIALECTS.every((dialect) => dialect.name !== one)),
  );
  return {
    message: `there is no engine ${name}`,
    help:
      near === undefined
        ? `there are: ${names.join(', ')}`
        : `did you mean \`${near}\`? \`codemachine engines\` lists all`,
  };
}

function rowOf(engine: EngineHere): EngineRow {
  const { dialect, found, untested } = engine;
  const common = {
    name: dialect.name,
    measured: rangeWords(dialect.tested),
    can: capabilityRows(dialect.capabilities),
    access: dialect.capabilities.access,
  };
  switch (found.found) {
    case true:
      return {
        ...common,
        ...{ state: 'installed', version: found.version, path: found.path },
        ...(untested === undefined ? {} : { untested }),
      };
    case false:
      return { ...common, state: 'missing', message: found.message, help: found.help };
    case 'named':
      return {
        ...common,
        state: 'named',
        message: `set in ${found.from} to \`${found.command}\`, which only a run starts`,
      };
  }
}

/** Nobody measured it; what it can do is what its declaration says. */
function declaredRow({ dialect, found }: DeclaredHere): EngineRow {
  const { name, capabilities } = dialect;
  const { access } = capabilities;
  return {
    ...{ name, measured: 'declared', can: capabilityRows(capabilities), access },
    ...(found.found
      ? { state: 'installed', path: found.path }
      : { state: 'missing', message: found.message, help: found.help }),
  };
}

function declaredJson(engine: DeclaredHere) {
  const { program, capabilities } = engine.dialect;
  return engineJson(declaredRow(engine), program, undefined, capabilitiesJson(capabilities));
}

function jsonOf(engine: EngineHere) {
  const { program, tested, capabilities } = engine.dialect;
  return engineJson(rowOf(engine), program, tested, capabilitiesJson(capabilities));
}
