/** Reads a run from a file that `export` wrote, to go on with it here. */
import path from 'node:path';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import type { RunId } from '../../model/ids.ts';
import type { RunStatus } from '../../model/progress.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { count, quoted } from '../../report/words.ts';
import { BundleError } from '../../state/bundle-cipher.ts';
import { readBundle } from '../../state/bundle-file.ts';
import type { Manifest } from '../../state/bundle-manifest.ts';
import { codeOf, explain, StateError } from '../../state/problem.ts';
import type { State } from '../../state/state.ts';
import type { Known } from '../../state/travel.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { loadConfig } from '../config.ts';
import { openPlaceWorkspace } from '../git.ts';
import { openPlaceState } from '../open.ts';
import { locate, type Place, stateAt } from '../place.ts';
import { harmless, orTrouble, printRefusal } from '../print.ts';
import { answer } from '../programs.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { resolved } from '../trees/own-files.ts';
import { bundleKey } from './bundle-key.ts';
import { atHome } from './carried-record.ts';
import { putTree } from './import-tree.ts';

/** What `codemachine import` is asked for. */
export interface ImportFlags {
  readonly file: string;
  /** Leaves the files of the checkout as they are. */
  readonly keepTree: boolean;
  readonly json: boolean;
  readonly stateDir?: string | undefined;
}

/** What came. */
interface Imported {
  readonly run: RunId;
  readonly workflow: string;
  readonly status: RunStatus;
  /** It was here before, as it is in the file or further on. */
  readonly already: boolean;
  /** Files of the checkout that became what the run had left. */
  readonly files: number;
}

/** `codemachine import` */
export function importCommand(flags: ImportFlags): Promise<ExitCode> {
  return orTrouble(async () => {
    const place = locate(stateAt(flags.stateDir), process.env);
    const done = await importRun(place, flags);
    if (!done.ok) return printRefusal(done.error);
    const { run, workflow, status, already, files } = done.value;
    if (flags.json) {
      const said = { run, workflow, status, workspace: place.root, already, files };
      answer(said);
      return EXIT.succeeded;
    }
    // What a parked run waits for is said there, with what to type.
    const goesOn = status === 'failed' || status === 'interrupted' ? 'resume' : 'status';
    const lines = already
      ? [`run ${run} (${status}) is here already; nothing was changed`]
      : [
          `run ${run} (${workflow}, ${status}) is here${files === 0 ? '' : `, with ${count(files, 'file')} as it left them`}`,
        ];
    lines.push(`${goesOn === 'status' ? 'see' : 'go on with'}: codemachine ${goesOn} ${run}`);
    process.stdout.write(harmless(`${lines.join('\n')}\n`, process.stdout, process.env));
    return EXIT.succeeded;
  });
}

async function importRun(place: Place, flags: ImportFlags): Promise<Result<Imported, Refusal>> {
  const secret = bundleKey(process.env);
  if (!secret.ok) return secret;
  const opened = await openPlaceState(place);
  if (!opened.ok) return opened;
  const state = opened.value;
  const coming: Coming = { place, state, flags, source: path.resolve(flags.file) };
  try {
    const done = await come(coming, secret.value);
    if (!done.ok) await takeBack(coming);
    return done;
  } catch (error) {
    await takeBack(coming);
    if (error instanceof Present) return here(coming.state, error);
    return refuse(...sentence(error, flags.file));
  } finally {
    state.close();
  }
}

/** A run on its way. */
interface Coming {
  readonly place: Place;
  readonly state: State;
  readonly flags: ImportFlags;
  readonly source: string;
  /** Set from the moment on that something of it is here. */
  begun?: RunId;
  workspace?: GitWorkspace;
}

/** Thrown to end the reading of a file whose run is here. */
class Present extends Error {
  readonly manifest: Manifest;
  readonly known: Exclude<Known, 'not'>;

  constructor(manifest: Manifest, known: Exclude<Known, 'not'>) {
    super(known);
    this.manifest = manifest;
    this.known = known;
  }
}

async function come(coming: Coming, secret: string | undefined): Promise<Result<Imported, Refusal>> {
  const { place, state, source } = coming;
  let directory = '';
  const manifest = await readBundle({
    ...{ source, secret },
    into: (said) => {
      const known = state.travel.known(said);
      if (known !== 'not') throw new Present(said, known);
      coming.begun = said.run;
      directory = state.travel.begin(said.run, place.root);
      return directory;
    },
  });
  const { run } = manifest;
  const carried = state.travel.unpacked(run);
  if (carried.id !== run) throw new BundleError('it holds another run than it says');
  const config = await loadConfig(place, process.env);
  if (!config.ok) return config;
  const files = await putFiles(coming, manifest, directory);
  if (!files.ok) return files;
  state.travel.settle(atHome(carried, place.root, config.value), manifest);
  const status = statusOf(state, run);
  return ok({ run, workflow: carried.name, status, already: false, files: files.value });
}

function statusOf(state: State, run: RunId): RunStatus {
  return state.listRuns().find(({ id }) => id === run)?.status ?? 'interrupted';
}

/** The recordings, then the files of the checkout, both before the rows: a run that is here has what it stands on. */
async function putFiles(
  coming: Coming,
  manifest: Manifest,
  directory: string,
): Promise<Result<number, Refusal>> {
  const { place, state, flags, source } = coming;
  const { run, tree, objects } = manifest;
  if (tree === undefined) return ok(0);
  if (!place.hasGit)
    return refuse(
      `run ${run} worked in a git repository, and ${place.root} is in none`,
      `import it in a clone of that repository, at commit ${manifest.commit ?? ''}`.replace(
        /, at commit $/,
        '',
      ),
    );
  const other = state
    .listRuns()
    .find(({ workspace, owner }) => workspace === place.root && owner !== undefined);
  if (other !== undefined)
    return refuse(
      `run ${other.id} works in ${place.root}, and its files would change under its hands`,
      `wait for it: \`codemachine status ${other.id} --watch\``,
    );
  const opened = await openPlaceWorkspace(place, process.env, { leftOut: { paths: [resolved(source)] } });
  if (!opened.ok) return opened;
  const workspace = opened.value;
  if (workspace === undefined) return refuse('git cannot be started', 'put `git` on PATH');
  coming.workspace = workspace;
  if (objects !== workspace.objectFormat)
    return refuse(
      `run ${run} worked in a repository of ${objects ?? 'unknown'} objects, and this one has ${workspace.objectFormat}`,
      'import it in a clone of that repository',
    );
  const file = path.join(directory, 'objects.bundle');
  const looked = await workspace.travel.arrive({ run, file, directory, tree });
  if (!looked.ok) return err(looked.error);
  return putTree({ workspace, arrived: looked.value, manifest, tree, keep: flags.keepTree });
}

/** Nothing of a run stays that did not come to be here. */
async function takeBack({ state, begun, workspace }: Coming): Promise<void> {
  if (begun === undefined) return;
  if (state.travel.drop(begun)) await workspace?.trees.forget(begun);
}

function here(state: State, { manifest, known }: Present): Result<Imported, Refusal> {
  const { run, workflow } = manifest;
  if (known === 'other')
    return refuse(
      `run ${run} is here already, and its history is not the one in the file`,
      `\`codemachine status ${run}\` shows it; \`codemachine gc ${run} --force\` would throw it away, or import into another --state-dir`,
    );
  return ok({ run, workflow, status: statusOf(state, run), already: true, files: 0 });
}

function sentence(error: unknown, written: string): [string, string?] {
  const name = quoted(written);
  if (error instanceof BundleError)
    return error.help === undefined
      ? [`${name} cannot be imported: ${error.message}`]
      : [`${name} cannot be imported: ${error.message}`, error.help];
  if (error instanceof StateError) throw error;
  if (codeOf(error) === 'ENOENT') return [`there is no file ${name}`];
  if (codeOf(error) === 'EISDIR')
    return [`${name} is a directory, not a file that \`codemachine export\` wrote`];
  if (/^E[A-Z]+$/.test(codeOf(error))) return [explain(error, name).message];
  throw error;
}
