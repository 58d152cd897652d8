/** Keeps data out of what is executed. */
import { ContextAccess, FunctionCall } from '@actions/expressions/ast';
import type { Way } from '../model/catalogue/expression.ts';
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { Expr, Template } from '../model/expression.ts';
import { literalText } from '../model/expression.ts';
import type { RunStep, Step, Workflow } from '../model/workflow.ts';
import { pathOf } from './expression-compare.ts';
import { childrenOf, type Node, parseExpression } from './expression-syntax.ts';
import { powerOf } from './powerful.ts';
import { careOf } from './shell-care.ts';

/** What may stand in a script: what comes from the runner or the committed file itself, in forms that cannot hold a program. A branch name can. */
export const SAFE: ReadonlySet<string> = new Set([
  'run.id',
  'run.attempt',
  'run.started-at',
  'workflow.name',
  'workflow.sha256',
  'git.sha',
  'loop.index',
]);

/** Variables that shells and programs take for something of their own. */
const HEARD =
  /^(HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|TERM|LANG|LC_\w+|TZ|TMPDIR|TMP|TEMP|IFS|PS\d|EDITOR|VISUAL|PAGER|DISPLAY|CI|HOSTNAME|UID|EUID|PPID|RANDOM|SECONDS|LINENO|BASH\w*|ZDOTDIR|(NODE|NPM|DOCKER|CODEMACHINE)_\w+|\w+_PROXY|MAIL|CDPATH|OPTIND|OPTARG|OPTERR|REPLY|DIRSTACK|GROUPS|FUNCNAME|SHLVL|SHELLOPTS|HISTFILE|COLUMNS|LINES|CC|CXX|CFLAGS|LDFLAGS|MAKEFLAGS|CLASSPATH|JAVA_\w+)$/;

/** The first piece of data from outside the file that an expression reads, as it is written; undefined where there is none. */
function dataIn(expr: Expr, written: readonly string[] = []): string | undefined {
  const parsed = parseExpression(expr.text);
  return parsed.ok ? dataInNode(parsed.value.root, written) : undefined;
}

function dataInNode(root: Node, written: readonly string[]): string | undefined {
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    // A hash of files is hexadecimal whatever the files and their names are.
    if (node instanceof FunctionCall && node.functionName.lexeme.toLowerCase() === 'hashfiles') continue;
    const path = pathOf(node);
    if (path !== undefined) {
      const plain = path.join('.').toLowerCase();
      if (!SAFE.has(plain) && !written.includes(plain)) return path.join('.');
      continue;
    }
    if (node instanceof ContextAccess) return node.name.lexeme;
    open.push(...childrenOf(node).toReversed());
  }
  return undefined;
}

/** Complains about every piece of data in the program of a `run` step. */
export function checkScript(step: RunStep, path: string): readonly Diagnostic[] {
  return fencesIn(step.script, step).flatMap(({ part, data, way }) =>
    data === undefined ? [] : [diagnose('data-in-run', path, part.at, { data, ...way })],
  );
}

/**
 * Complains about every expression in a command that stands at another key. These are fixed before the run starts: what would
 * be harmless has to come through a variable as well.
 */
export function checkCommand(
  command: Template,
  key: string,
  env: Readonly<Record<string, Template>>,
  path: string,
): readonly Diagnostic[] {
  return fencesIn(command, { env }).map(({ part, data, way }) =>
    data === undefined
      ? diagnose('static-key', path, part.at, { key, way })
      : diagnose('data-in-run', path, part.at, { data, ...way }),
  );
}

/** An expression in a program, with the data that it reads and the way in which that should come. */
export interface ProgramFence {
  readonly part: Expr;
  readonly data: string | undefined;
  readonly way: Way;
}

/** The expressions of a program. Each value has one variable, and no two values the same. */
export function fencesIn(
  program: Template,
  { env, shell, written }: Pick<RunStep, 'env' | 'shell' | 'written'>,
): readonly ProgramFence[] {
  const found: ProgramFence[] = [];
  const words = new Set(program.parts.flatMap((part) => (typeof part === 'string' ? part.split(/\W+/) : [])));
  const given = new Map<string, string>();
  const taken = (name: string) =>
    Object.hasOwn(env, name) || words.has(name) || [...given.values()].includes(name);
  let line = '';
  let before = '';
  for (const [i, part] of program.parts.entries()) {
    if (typeof part === 'string') {
      line = (line + part).slice((line + part).lastIndexOf('\n') + 1);
      before += part;
      continue;
    }
    const data = dataIn(part, written);
    const known = declaredFor(part, data, env);
    const name = known ?? given.get(part.text) ?? freeName(data ?? plainPath(part) ?? 'value', taken);
    if (known === undefined) given.set(part.text, name);
    const quoted = line.replaceAll(/\\./g, '').split('"').length % 2 === 0;
    const reference = referenceTo(name, shell, quoted);
    const care =
      shell === undefined || shell === 'bash' || shell === 'sh'
        ? careOf(before, behind(program, i))
        : undefined;
    const way = { name, declared: known !== undefined, value: `\${{ ${part.text} }}`, reference, care };
    found.push({ part, data, way });
    before += 'x';
  }
  return found;
}

function behind({ parts }: Template, at: number): string {
  const next = parts[at + 1];
  return typeof next === 'string' ? next : '';
}

function plainPath(expr: Expr): string | undefined {
  const parsed = parseExpression(expr.text);
  return parsed.ok ? pathOf(parsed.value.root)?.join('.') : undefined;
}

/**
 * Complains about data in variables that choose what programs do.
 * @param agents whether an engine sees them
 */
export function checkVariables(
  env: Readonly<Record<string, Template>>,
  path: string,
  agents: boolean,
): readonly Diagnostic[] {
  return Object.entries(env).flatMap(([name, template]) => {
    const power = powerOf(name, agents);
    if (power === undefined) return [];
    return template.parts.flatMap((part) => {
      const data = typeof part === 'string' ? undefined : dataIn(part);
      if (typeof part === 'string' || data === undefined) return [];
      return [diagnose('data-in-variable', path, part.at, { data, name, power })];
    });
  });
}

/** Complains about a model that an engine would take for an option: as written, or as one of the choices of an input. */
export function checkModel(model: Template, workflow: Workflow, path: string): readonly Diagnostic[] {
  const first = model.parts[0];
  if (first === undefined) return [];
  const values = typeof first === 'string' ? [literalText(model) ?? first] : choicesOf(first, workflow);
  return values
    .filter((value) => value.startsWith('-'))
    .map((value) => diagnose('model-dash', path, typeof first === 'string' ? model.at : first.at, { value }));
}

function choicesOf(expr: Expr, workflow: Workflow): readonly string[] {
  const parsed = parseExpression(expr.text);
  const [root, name] = (parsed.ok ? pathOf(parsed.value.root) : undefined) ?? [];
  const input = root === 'inputs' && name !== undefined ? workflow.inputs[name] : undefined;
  if (input === undefined) return [];
  return [...(input.options ?? []), ...(typeof input.default === 'string' ? [input.default] : [])].filter(
    (value, i, all) => all.indexOf(value) === i,
  );
}

// A variable that already holds the same expression is used.
function declaredFor(
  expr: Expr,
  data: string | undefined,
  env: Readonly<Record<string, Template>>,
): string | undefined {
  for (const [name, template] of Object.entries(env)) {
    const [only] = template.parts;
    if (template.whole && typeof only === 'object' && only.text === expr.text) return name;
  }
  const [root, variable] = data?.split('.') ?? [];
  return root === 'env' && expr.text.toLowerCase() === data?.toLowerCase() ? variable : undefined;
}

// A name that is taken by something else is not used, nor one that programs listen to.
function freeName(data: string, taken: (name: string) => boolean): string {
  const [root, ...rest] = data.split('.');
  const words = root === 'github' || rest.length === 0 ? [root ?? '', ...rest] : rest;
  const plain = words.filter((word) => word !== 'stdout' && word !== 'outputs' && word !== 'output');
  const name = (plain.length === 0 ? words : plain)
    .join('_')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]/g, '_');
  const fine =
    powerOf(name, true) !== undefined || HEARD.test(name) || /^\d/.test(name) ? `VALUE_${name}` : name;
  let free = fine;
  for (let i = 2; taken(free); i++) free = `${fine}_${i}`;
  return free;
}

// Inside double quotes another pair of them would end the first.
function referenceTo(name: string, shell: string | undefined, quoted: boolean): string {
  if (shell === 'python') return `os.environ["${name}"]`;
  if (shell === 'node') return `process.env.${name}`;
  if (shell === 'pwsh') return `$env:${name}`;
  return quoted ? `$${name}` : `"$${name}"`;
}

const NO_SECRETS: ReadonlySet<string> = new Set();

/** The variables of a step that hold a secret. */
export function secretsIn(step: Pick<Step, 'env'> | undefined): ReadonlySet<string> {
  if (step === undefined) return NO_SECRETS;
  const names = Object.entries(step.env).filter(([, { parts }]) =>
    parts.some(
      (part) => typeof part !== 'string' && /\bsecrets\b/i.test(part.text) && dataIn(part) !== undefined,
    ),
  );
  return names.length === 0 ? NO_SECRETS : new Set(names.map(([name]) => name));
}
