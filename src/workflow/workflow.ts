/** Turns the text of a workflow file into what its author meant. */
import { type Diagnostic, diagnose, type Related, sorted } from '../model/diagnostic.ts';
import type { Template } from '../model/expression.ts';
import { besides, type SourceFile } from '../model/source.ts';
import type { Workflow } from '../model/workflow.ts';
import { checkAgents } from './agents.ts';
import { readBudgets } from './budgets.ts';
import { readConcurrency } from './concurrency.ts';
import { readEnv, readEnvFiles, readInputSpecs, readOutputs, readSecrets } from './declarations.ts';
import { readDocument } from './document.ts';
import { withFixes } from './fixes.ts';
import { checkBypassed } from './gates.ts';
import { validate } from './generated/workflow.mjs';
import { type Ignore, ignoresIn } from './ignore.ts';
import { checkDefaults } from './isolated-steps.ts';
import { readKinds } from './kinds.ts';
import { checkLethal } from './lethal.ts';
import { keyFrom, openLibrary, type ReadFile, type ReadOne } from './library.ts';
import { type Order, readOrder } from './order.ts';
import { type Reading, type ReadWorld, relocated } from './reading.ts';
import { checkExpressions } from './references.ts';
import { shapeDiagnostics } from './shape.ts';
import { WORKFLOW_OWNERS } from './shape-keys.ts';
import { describe } from './shape-values.ts';
import { checkShownArtifacts } from './shown-artifacts.ts';
import { checkStaticKeys } from './static-keys.ts';
import type { Ground } from './step-common.ts';
import { readSteps } from './steps.ts';
import { child, follow, type MapNode, type Node, plainValue, stringAt } from './tree.ts';
import { complainOfAwaited } from './tree-paths.ts';

const VERSION = 1;

/** What a file was read as. */
export interface ReadResult {
  /** Missing when the file is too wrong to mean anything. When something is an error it is good for finding more errors, not for running. */
  readonly workflow?: Workflow;
  /** Everything that is wrong, sorted by place. */
  readonly diagnostics: readonly Diagnostic[];
  /** What comments silence; to be settled once everybody has complained. */
  readonly ignores: readonly Ignore[];
  /** The text of every file that a diagnostic may point into, by the path that diagnostics use. */
  readonly sources: ReadonlyMap<string, string>;
  /** Where each used workflow was first named, by the path that diagnostics use. */
  readonly usedAt: ReadonlyMap<string, Related>;
}

/** Reads one workflow file with those that it uses, all their problems in one pass. */
export function readWorkflow(source: SourceFile, world: ReadWorld): ReadResult {
  const library = openLibrary(source, world, readOne);
  library.sources.set(source.path, source.text);
  const path = `./${source.path.slice(source.path.lastIndexOf('/') + 1)}`;
  const { workflow } = readOne(source, world, { library, path, chain: [] });
  const { found, ignores, sources, usedAt, files } = library;
  const whole = { ...workflow?.files, ...Object.fromEntries(files) };
  return {
    ...(workflow === undefined ? {} : { workflow: withFiles(workflow, whole) }),
    diagnostics: sorted(found),
    ...{ ignores, sources, usedAt },
  };
}

/** The digest of the text is computed when it is asked for, which a spread would do at once. */
function withFiles(workflow: Workflow, files: Workflow['files']): Workflow {
  return Object.defineProperty(workflow, 'files', { value: files, enumerable: true });
}

const readOne: ReadOne = (source, world, among) => {
  const { library } = among;
  const found: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic) => void found.push(diagnostic);
  const finish = (workflow?: Workflow): ReadFile => {
    library.found.push(...withFixes(sorted(found), source, root, workflow));
    if (root !== undefined) library.ignores.push(...ignoresIn(source, root));
    return { ...(workflow === undefined ? {} : { workflow }), ...(root === undefined ? {} : { root }) };
  };
  const root = readDocument(source, report);
  if (root === undefined || !isWorkflow(root, source, report)) return finish();
  const reading: Reading = {
    ...{ source, root, world, among },
    report: (diagnostic) => report(relocated(reading, diagnostic)),
    files: new Map(),
    templates: new Map(),
    judged: new Set(),
    opaque: new Set(),
    awaited: new Map(),
  };
  checkShape(reading);
  const workflow = build(reading);
  for (const file of reading.files.values()) {
    if (file === undefined) continue;
    library.sources.set(besides(source.path, file.path), file.text);
    // Those of the outermost file are called as they are written there.
    if (among.chain.length > 0) library.files.set(keyFrom(among.path, file.path), file.text);
  }
  return finish(workflow);
};

function isWorkflow(root: Node, source: SourceFile, report: (d: Diagnostic) => void): root is MapNode {
  if (root.kind !== 'map') {
    const at = { start: root.at.start, end: root.kind === 'scalar' ? root.at.end : root.at.start };
    report(diagnose('not-a-workflow', source.path, at, { got: describe(root) }));
    return false;
  }
  const version = child(root, 'version');
  if (version?.kind !== 'scalar' || typeof version.value !== 'number' || version.value === VERSION)
    return true;
  report(diagnose('newer-version', source.path, version.at, { version: version.written }));
  return false;
}

function checkShape(reading: Reading): void {
  if (validate(plainValue(reading.root))) return;
  const errors = validate.errors ?? [];
  for (const diagnostic of shapeDiagnostics(errors, reading.root, reading.source.path, WORKFLOW_OWNERS)) {
    reading.report(diagnostic);
  }
  for (const { instancePath } of errors) {
    const step = /^\/(?:steps|finally)\/\d+(?:\/loop\/steps\/\d+)*/.exec(instancePath)?.[0];
    const node = step === undefined ? undefined : follow(reading.root, step)?.node;
    if (node !== undefined) reading.opaque.add(node);
  }
}

function build(reading: Reading): Workflow {
  const { root, source, world } = reading;
  const kinds = readKinds(reading);
  checkStaticKeys(reading);
  checkAgents(reading);
  const order = readOrder(reading);
  const env = ownTemplates(readEnv(reading, child(root, 'env')));
  const ground: Ground = { reading, kinds, places: order.places, env };
  const description = stringAt(root, 'description');
  const parallel = child(root, 'max-parallel');
  checkDefaults(ground);
  const steps = readSteps(ground, child(root, 'steps'));
  const last = readSteps({ ...ground, after: true, inFinally: true }, child(root, 'finally'));
  complainOfAwaited(reading);
  const files = [...reading.files.values()].flatMap((file) =>
    file === undefined ? [] : [[file.path, file.text] as const],
  );
  let digest: string | undefined;
  const workflow: Workflow = {
    source,
    // Only runs want it, and loading what computes it takes longer than reading most files.
    get sha256() {
      digest ??= world.sha256(source.text);
      return digest;
    },
    name: stringAt(root, 'name') ?? '',
    ...(description === undefined ? {} : { description }),
    inputs: readInputSpecs(reading, child(root, 'inputs')),
    env,
    envFiles: readEnvFiles(reading),
    secrets: readSecrets(reading),
    ...(parallel?.kind === 'scalar' && typeof parallel.value === 'number'
      ? { maxParallel: parallel.value }
      : {}),
    ...readConcurrency(reading),
    ...readBudgets(reading),
    steps,
    finally: last,
    outputs: readOutputs(reading),
    files: Object.fromEntries(files),
  };
  checkBypassed(reading, steps, order.places);
  checkShownArtifacts(reading, steps);
  for (const d of checkExpressions(workflow, {
    opaque: opaqueIds(reading, order),
    path: source.path,
    hasGit: world.hasGit,
  }))
    reading.report(d);
  for (const d of checkLethal(workflow, source.path)) reading.report(d);
  return workflow;
}

/** An alias may make a step's variable one and the same with the workflow's, and what stands at the step counts for more. */
function ownTemplates(env: Readonly<Record<string, Template>>): Readonly<Record<string, Template>> {
  return Object.fromEntries(Object.entries(env).map(([name, template]) => [name, { ...template }]));
}

function opaqueIds(reading: Reading, { places }: Order): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const step of reading.opaque) {
    const id = places.get(step)?.id;
    if (id !== undefined) ids.add(id);
  }
  return ids;
}
