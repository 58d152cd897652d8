/** Looks whether the engines are there, signed in, confined where they say so. */
import path from 'node:path';
import {
  lookAtSandbox,
  lookForSignIn,
  type SandboxState,
  type SignedIn,
} from '../../engines/look-at-engine.ts';
import type { Config } from '../../model/config.ts';
import { agentSteps } from '../../model/parts.ts';
import type { Result } from '../../model/result.ts';
import type { PromptStep } from '../../model/workflow.ts';
import { checkFile } from '../check.ts';
import { type DeclaredHere, declaredHere, type EngineHere, enginesHere } from '../engines/engines-here.ts';
import { workflowsIn } from '../find-workflow.ts';
import type { Place } from '../place.ts';
import type { Finding } from './doctor-git.ts';

type Loaded = Result<Config, unknown>;

/** What there is to say of each engine that is installed, or that a workflow of the repository names. */
export async function lookForEngines(
  place: Place,
  repository: Loaded,
  user: Loaded,
): Promise<readonly Finding[]> {
  const [engines, named] = [await enginesHere(place, repository, user), await enginesOfWorkflows(place)];
  const isAbsent = ({ found }: EngineHere): boolean => found.found === false && found.absent === true;
  const told = engines.filter((engine) => !isAbsent(engine) || named.has(engine.dialect.name));
  const absent = engines.filter((engine) => !told.includes(engine)).map(({ dialect }) => dialect.name);
  const findings = (await Promise.all(told.map((engine) => findingsOf(engine)))).flat();
  const declared = declaredHere(place, repository, user).map(declaredFinding);
  return [
    ...[...findings, ...declared].map(({ finding }) => finding),
    ...othersFinding(absent, told.length > 0),
  ];
}

/**
 * What there is to say of the engines that some steps need. What is not there is bad where it leaves a step without an engine, and a
 * pity where that step has another one.
 */
export async function lookForNeededEngines(
  place: Place,
  repository: Loaded,
  user: Loaded,
  steps: readonly PromptStep[],
): Promise<readonly Finding[]> {
  const names = [...new Set(steps.flatMap(({ engines }) => engines))];
  const here = await enginesHere(place, repository, user, names);
  const declared = declaredHere(place, repository, user).filter(({ dialect }) =>
    names.includes(dialect.name),
  );
  const found = await Promise.all([
    ...here.map(async (one) => [one.dialect.name, await findingsOf(one, steps)] as const),
    ...declared.map((one) => [one.dialect.name, [declaredFinding(one)]] as const),
  ]);
  const isServed = (name: string): boolean =>
    found.some(([other, findings]) => other === name && !findings.some(({ lacks }) => lacks));
  return found.flatMap(([name, findings]) => {
    const left = steps.find(({ engines }) => engines.includes(name) && !engines.some(isServed));
    return findings.map(({ finding, lacks }): Finding => {
      if (!lacks) return finding;
      return left === undefined
        ? { ...finding, found: `${finding.found}; each step that names it names another one too` }
        : { ...finding, state: 'bad' };
    });
  });
}

/** What it would do when it is asked for its version, or whether it is signed in, nobody knows: it is not started. */
function declaredFinding({ dialect: { name }, found }: DeclaredHere): EngineFinding {
  return judged(
    found.found
      ? { what: name, state: 'ok', found: `declared in the configuration, at ${found.path}` }
      : { what: name, state: 'missing', found: found.message, help: found.help },
  );
}

/** A finding, and whether no step can go to the engine because of it. A version that nobody measured keeps nobody. */
interface EngineFinding {
  readonly finding: Finding;
  readonly lacks: boolean;
}

function judged(finding: Finding): EngineFinding {
  return { finding, lacks: finding.state !== 'ok' };
}

/** Worth a line only as names: nothing here asks for them. */
function othersFinding(absent: readonly string[], others: boolean): readonly Finding[] {
  if (absent.length === 0) return [];
  return [
    {
      what: others ? 'other engines' : 'engines',
      state: 'missing',
      found: `${absent.join(', ')}: not installed, and no workflow here names them`,
      help: '`codemachine engines` says what each can do, and how it is installed',
    },
  ];
}

async function findingsOf(
  engine: EngineHere,
  needs?: readonly PromptStep[],
): Promise<readonly EngineFinding[]> {
  const { dialect, found, untested, deps } = engine;
  const { name } = dialect;
  if (found.found === false)
    return [judged({ what: name, state: 'missing', found: found.message, help: found.help })];
  const program = found.found === true ? { program: found.path } : {};
  const look = { ...deps, ...program, platform: process.platform };
  const [signedIn, sandbox] = await Promise.all([lookForSignIn(dialect, look), lookAtSandbox(dialect, look)]);
  const there: Finding =
    found.found === 'named'
      ? {
          what: name,
          state: 'ok',
          found: `set in ${found.from} to \`${found.command}\`, not started by doctor`,
        }
      : {
          what: name,
          state: untested === undefined ? 'ok' : 'missing',
          found: `${found.version}${untested === undefined ? '' : `, which ${untested},`} at ${found.path}`,
          ...(untested === undefined
            ? {}
            : { help: 'it may well work; where something is odd, this is the first suspect' }),
        };
  const signIn = signInFinding(name, signedIn);
  const confined = isConfined(name, needs) ? sandboxFindings(name, sandbox) : [];
  return [
    { finding: there, lacks: false },
    // Another program in its place may sign in by itself.
    { finding: signIn, lacks: found.found !== 'named' && signIn.state !== 'ok' },
    ...confined.map(judged),
  ];
}

/** Whether the sandbox matters: to everybody who asks in general, and to steps that are to be confined. */
function isConfined(name: string, needs: readonly PromptStep[] | undefined): boolean {
  return needs?.some(({ engines, access }) => engines.includes(name) && access !== 'full') ?? true;
}

function signInFinding(engine: string, signedIn: SignedIn): Finding {
  const what = `${engine} sign-in`;
  switch (signedIn.state) {
    case 'yes':
      return { what, state: 'ok', found: `by ${signedIn.by}, which is not tried` };
    case 'unknown':
      return { what, state: 'ok', found: `not known: ${signedIn.because}` };
    case 'no':
      return { what, state: 'missing', found: 'nothing that signs it in', help: signedIn.help };
  }
}

function sandboxFindings(engine: string, sandbox: SandboxState): readonly Finding[] {
  const what = `${engine} sandbox`;
  switch (sandbox.state) {
    case 'works':
      return [{ what, state: 'ok', found: 'works' }];
    case 'none':
      return [
        { what, state: 'ok', found: 'none: its commands go as far as its own rules and `tools` let them' },
      ];
    case 'unknown':
      return [];
    case 'broken':
      return [{ what, state: 'missing', found: sandbox.message, help: sandbox.help }];
  }
}

/** The engines that some workflow of the repository names. One with errors names none: `validate` says what is wrong with it. */
async function enginesOfWorkflows(place: Place): Promise<ReadonlySet<string>> {
  const directory = path.join(place.root, '.codemachine', 'workflows');
  const named = new Set<string>();
  for (const file of workflowsIn(directory)) {
    // Outside a repository, what they need git for is wrong with them; the engines that they name are those all the same.
    const checked = await checkFile({ ...place, hasGit: true }, path.join(directory, file), process.env);
    if (!checked.ok || checked.value.workflow === undefined) continue;
    for (const { engines } of agentSteps(checked.value.workflow)) for (const one of engines) named.add(one);
  }
  return named;
}
