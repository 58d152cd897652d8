/** Gives a project its first workflow. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../model/config.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { ok, type Result } from '../../model/result.ts';
import type { Filled } from '../../workflow/fill.ts';
import { nearest } from '../../workflow/suggest.ts';
import { checkFile } from '../check.ts';
import { loadConfig, loadRepositoryConfig, loadUserConfig } from '../config.ts';
import { lookForGit } from '../doctor/doctor-git.ts';
import { onLeaving } from '../leaving.ts';
import { type Ask, openLines } from '../lines.ts';
import { locate, type Place } from '../place.ts';
import { printRefusal, screenText } from '../print.ts';
import { answer } from '../programs.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { notBare } from '../runs/fit.ts';
import { canAsk, tell } from '../runs/present.ts';
import { compose, NO_TEST } from './compose.ts';
import { type Candidate, candidates, choices } from './engines.ts';
import { CONFIG_FILE, configText, IGNORE_FILE, IGNORE_TEXT, ignoredBy } from './files.ts';
import type { TestCommand } from './listing.ts';
import { lookAtEngines, type Outcome } from './outcome.ts';
import { askEngine, askTemplate, askTest } from './questions.ts';
import { initJson, initText } from './say.ts';
import { isTemplate, readTemplate, TEMPLATES, type TemplateName } from './templates.ts';
import { findTests } from './test-command.ts';
import { missingProgram } from './test-program.ts';
import { lookAtPlace, type NewFile, writeAll } from './write.ts';

/** What `codemachine init` is asked for. */
export interface InitFlags {
  readonly dir?: string | undefined;
  readonly template?: string | undefined;
  readonly engine?: string | undefined;
  readonly test?: string | undefined;
  readonly yes: boolean;
  readonly json: boolean;
  /** The directory of the package, which has the templates. */
  readonly packageRoot: string;
}

/** `codemachine init`: nothing that is there is overwritten. */
export async function initCommand(flags: InitFlags): Promise<ExitCode> {
  const fit = fitPlace(flags);
  if (!fit.ok) return printRefusal(fit.error);
  const lines = canAsk() && !flags.yes && !flags.json ? openLines() : undefined;
  const leaving = lines === undefined ? undefined : onLeaving(lines.close);
  try {
    const done = await init({ ...flags, ask: lines?.ask }, fit.value);
    if (!done.ok) return await printRefusal(done.error);
    if (done.value === undefined) {
      // The question stands on the line.
      process.stderr.write('\n');
      tell('nothing was written');
      return leaving?.code() ?? EXIT.canceled;
    }
    if (flags.json) answer(initJson(done.value));
    else process.stdout.write(screenText(initText(done.value), process.stdout, process.env));
    return EXIT.succeeded;
  } finally {
    leaving?.stop();
    lines?.close();
  }
}

function fitPlace({ dir, template, test }: InitFlags): Result<Place, Refusal> {
  const cwd = path.resolve(dir ?? '.');
  const kind = kindOf(cwd);
  if (kind === 'hidden') return refuse(`${dir} may not be looked into`, 'take a directory of yours');
  if (kind === 'none') return refuse(`there is no directory ${dir}`, `make it: \`git init ${dir}\``);
  if (template !== undefined && !isTemplate(template))
    return refuse(`there is no template ${template}`, insteadOf(template, TEMPLATES));
  if (test !== undefined && (test.trim() === '' || test.includes('\n')))
    return refuse('`--test` takes a command in one line', 'put several into a script, and name that');
  const place = locate({ cwd }, process.env);
  const bare = notBare(place);
  return bare.ok ? ok(place) : bare;
}

function kindOf(place: string): 'directory' | 'none' | 'hidden' {
  try {
    return statSync(place, { throwIfNoEntry: false })?.isDirectory() === true ? 'directory' : 'none';
  } catch {
    return 'hidden';
  }
}

function insteadOf(word: string, all: readonly string[]): string {
  const near = nearest(word, all);
  return near === undefined ? `there are: ${all.join(', ')}` : `did you mean \`${near}\`?`;
}

type Wishes = InitFlags & { readonly ask: Ask | undefined };

/** Undefined for who goes away instead of answering. */
async function init(wishes: Wishes, place: Place): Promise<Result<Outcome | undefined, Refusal>> {
  const fit = takenOf(place.root, [CONFIG_FILE]);
  if (!fit.ok) return fit;
  const config = await loadConfig(place, process.env);
  if (!config.ok) return config;
  const template = await templateOf(wishes);
  if (template === undefined) return ok(undefined);
  const file = workflowFile(place.root, template);
  const kept = takenOf(place.root, [file, CONFIG_FILE, IGNORE_FILE]);
  if (!kept.ok) return kept;
  const repository = await loadRepositoryConfig(place);
  const engines = await candidates(place, repository, await loadUserConfig(place, process.env, repository));
  const where: Where = { place, template, file, engines, config: config.value };
  const isKept = kept.value.includes(file);
  const made = isKept ? ok(undefined) : await makeWorkflow(wishes, where);
  if (!made.ok) return made;
  if (!isKept && made.value === undefined) return ok(undefined);
  const fresh = await freshFiles(where, kept.value, made.value);
  const written = writeAll(place.root, fresh);
  if (!written.ok) return written;
  // As `validate` does, but for what git is needed for, which is said by itself.
  const checked = await checkFile({ ...place, hasGit: true }, path.join(place.root, file), process.env);
  if (!checked.ok) return checked;
  return ok({
    ...{ place, template, file, kept: kept.value, checked: checked.value },
    written: fresh.map(({ name }) => name),
    engines: await lookAtEngines(checked.value, engines),
    ignored: await ignoredBy(place, file),
    git: (await lookForGit(place, process.env)).filter(({ state }) => state !== 'ok'),
    ...(made.value === undefined ? {} : { tests: testsOf(made.value) }),
  });
}

/** What most begin with. */
const USUAL: TemplateName = 'linear';

/** Where `run` looks for it: a file of the other ending is that workflow too. */
function workflowFile(root: string, template: TemplateName): string {
  const [yml = '', yaml = ''] = ['yml', 'yaml'].map(
    (ending) => `.codemachine/workflows/${template}.${ending}`,
  );
  return !existsSync(path.join(root, yml)) && existsSync(path.join(root, yaml)) ? yaml : yml;
}

async function templateOf({ template, ask, packageRoot }: Wishes): Promise<TemplateName | undefined> {
  if (template !== undefined && isTemplate(template)) return template;
  return ask === undefined ? USUAL : askTemplate(packageRoot, USUAL, ask);
}

/** Those that are there already. */
function takenOf(root: string, names: readonly string[]): Result<readonly string[], Refusal> {
  const taken: string[] = [];
  for (const name of names) {
    const looked = lookAtPlace(root, name);
    if (!looked.ok) return looked;
    if (looked.value === 'taken') taken.push(name);
  }
  return ok(taken);
}

async function freshFiles(
  { place, file, engines }: Where,
  kept: readonly string[],
  made: Made | undefined,
): Promise<readonly NewFile[]> {
  const here = engines.filter(({ isHere }) => isHere).map(({ name }) => name);
  const engine = made?.engines.find((name) => here.includes(name)) ?? here[0];
  const isIgnored = (await ignoredBy(place, '.codemachine/state/x')) !== undefined;
  return [
    ...(made === undefined ? [] : [{ name: file, text: made.text }]),
    ...(kept.includes(CONFIG_FILE) ? [] : [{ name: CONFIG_FILE, text: configText(engine) }]),
    ...(kept.includes(IGNORE_FILE) || isIgnored ? [] : [{ name: IGNORE_FILE, text: IGNORE_TEXT }]),
  ];
}

interface Where {
  readonly place: Place;
  readonly template: TemplateName;
  /** Relative to the root. */
  readonly file: string;
  readonly engines: readonly Candidate[];
  readonly config: Config;
}

/** A template with what this project needs in it. */
interface Made extends Filled {
  /** Undefined where nobody knows one. */
  readonly test: TestCommand | undefined;
}

function testsOf({ test, testLines }: Made): NonNullable<Outcome['tests']> {
  const missing = missingProgram(test, process.env['PATH']);
  return { command: test, lines: testLines, ...(missing === undefined ? {} : { missing }) };
}

async function makeWorkflow(
  wishes: Wishes,
  { place, template, file, engines, config }: Where,
): Promise<Result<Made | undefined, Refusal>> {
  const here = engines.filter(({ isHere }) => isHere).map(({ name }) => name);
  const known = engines.map(({ name }) => name);
  const { ask } = wishes;
  if (wishes.engine !== undefined && !known.includes(wishes.engine))
    return refuse(`there is no engine ${wishes.engine}`, insteadOf(wishes.engine, known));
  const engine = wishes.engine ?? (ask === undefined || here.length < 2 ? '' : await askEngine(here, ask));
  if (engine === undefined) return ok(undefined);
  const found = findTests(place.root);
  const command = wishes.test ?? (ask === undefined ? '' : await askTest(found, ask));
  if (command === undefined) return ok(undefined);
  const test = command === '' ? found : { command: command.trim(), from: 'you' };
  const composed = await compose(place, {
    template: readTemplate(wishes.packageRoot, template),
    test: test?.command ?? NO_TEST,
    choices: choices(here, engine === '' ? undefined : engine),
    file: path.join(place.root, file),
    shown: file,
    config,
  });
  return composed.ok ? ok({ ...composed.value, test }) : composed;
}
