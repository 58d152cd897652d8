/** Finds what is wrong with one expression before it is ever evaluated. */

import {
  Binary,
  ContextAccess,
  FunctionCall,
  Grouping,
  IndexAccess,
  Literal,
  Logical,
  Star,
  Unary,
} from '@actions/expressions/ast';
import { Kind } from '@actions/expressions/data/expressiondata';
import type { ArgsOf, Code } from '../model/diagnostic.ts';
import { compare } from './expression-compare.ts';
import { CONTEXTS, type Context, ELSEWHERE, insteadOf, type Place, READABLE } from './expression-contexts.ts';
import { FUNCTION_NAMES, STATUS_FUNCTIONS, signatureOf, takes } from './expression-functions.ts';
import { checkGlobs } from './expression-globs.ts';
import type { Node } from './expression-syntax.ts';
import { toJson } from './expression-values.ts';
import { nearest } from './suggest.ts';
import {
  ANY,
  BOOLEAN,
  isUntyped,
  KINDS,
  memberOf,
  namesOf,
  orNull,
  spreadOf,
  type Type,
  typeOfJson,
} from './types.ts';

/** What an expression has around it. */
export interface View {
  readonly place: Place;
  /** Whether `loop` and `matrix` are not judged, because their step is refused as a whole. */
  readonly opaque: boolean;
  /** Whether a context is there because of what the expression stands inside of. */
  isInside(name: Context): boolean;
  /** What a context holds; not asked for `steps`. */
  context(name: Context): Type;
  /** What `steps.<id>` holds; undefined after reporting that it cannot be read. */
  step(id: string, node: Node): Type | undefined;
  /** Why a property of a step is not there, when there is more to say than a near name. */
  hint(subject: string, name: string): string | undefined;
  /** Whether there is a repository, which knows what a run has changed. */
  readonly hasGit: boolean;
  /** Variables that hold a secret. */
  secretVariables(): ReadonlySet<string>;
  report<C extends Code>(code: C, node: Node, args: ArgsOf<C>): void;
  /** Keeps what each part of the expression is known to be, where somebody wants to know. */
  readonly types?: Map<Node, Type>;
}

/** An access as a chain: what it starts from, and what is asked of it. */
interface Chain {
  readonly start: Node;
  readonly links: readonly { readonly node: IndexAccess; readonly index: Node }[];
}

/** Reports what is wrong with an expression, and gives what it is known to be. */
export function check(node: Node, view: View): Type {
  const type = checkNode(node, view);
  view.types?.set(node, type);
  return type;
}

function checkNode(node: Node, view: View): Type {
  if (node instanceof Literal) return typeOfJson(toJson(node.literal));
  if (node instanceof Grouping) return check(node.group, view);
  if (node instanceof Logical) return checkLogical(node, view);
  if (node instanceof Binary) {
    compare(node, check(node.left, view), check(node.right, view), view.report);
    return BOOLEAN;
  }
  if (node instanceof Unary) {
    check(node.expr, view);
    return BOOLEAN;
  }
  if (node instanceof FunctionCall) return checkCall(node, view);
  return checkChain(chainOf(node), view);
}

function checkLogical(node: Logical, view: View): Type {
  const types = node.args.map((arg) => check(arg, view));
  const kinds = types.reduce((all, type) => all | type.kinds, 0);
  // `a && 'x' || 'y'` gives one of the texts or a falsy a; what of a is left cannot be said exactly.
  const plain = types.every((type) => (type.kinds & (KINDS.object | KINDS.list)) === 0);
  return plain ? { kinds } : ANY;
}

// A second spelling.
const UNSAID = new Set(['cancelled']);

/** What is bound to a decision, which may be brought when nobody can evaluate it again. */
const SHOWN: ReadonlySet<Place> = new Set(['message', 'show']);

/** Where no step is about to run that could look at the tree, so that `changed()` cannot be called. */
export const NO_LOOK: ReadonlySet<Place> = new Set(['outputs', 'matrix', 'with', 'concurrency', ...SHOWN]);

function checkCall(node: FunctionCall, view: View): Type {
  for (const arg of node.args) check(arg, view);
  const { lexeme } = node.functionName;
  const signature = signatureOf(lexeme);
  if (signature === undefined) {
    const near = nearest(lexeme, FUNCTION_NAMES);
    view.report('unknown-function', node, {
      name: lexeme,
      known: FUNCTION_NAMES.filter((known) => !UNSAID.has(known)),
      ...(near === undefined ? {} : { near: `${near}()` }),
    });
    return ANY;
  }
  const count = node.args.length;
  if (count < signature.min || count > signature.max || (signature.odd === true && count % 2 === 0)) {
    view.report('arity', node, { name: signature.name, takes: takes(signature) });
  }
  if (signature.name === 'changed') {
    if (NO_LOOK.has(view.place))
      view.report('changed-not-here', node, { key: keyOf(view.place), shown: SHOWN.has(view.place) });
    else if (!view.hasGit) view.report('changed-needs-git', node, {});
  }
  if (signature.name === 'changed' || signature.name === 'hashFiles') checkGlobs(node, view);
  if (STATUS_FUNCTIONS.has(signature.name) && view.place !== 'if') {
    view.report('function-not-here', node, { name: signature.name, key: `\`${keyOf(view.place)}\`` });
  }
  return signature.gives;
}

function chainOf(node: Node): Chain {
  const links: { node: IndexAccess; index: Node }[] = [];
  let start = node;
  while (start instanceof IndexAccess) {
    links.push({ node: start, index: start.index });
    start = start.expr;
  }
  return { start, links: links.reverse() };
}

function checkChain(chain: Chain, view: View): Type {
  const { start, links } = chain;
  for (const { index } of links)
    if (!(index instanceof Literal) && !(index instanceof Star)) check(index, view);
  if (!(start instanceof ContextAccess)) return follow(check(start, view), links, 'the value', view);
  const name = start.name.lexeme.toLowerCase();
  if (!isContext(name)) {
    reportUnknownContext(start, view);
    return ANY;
  }
  if (!READABLE[view.place].has(name) && !view.isInside(name)) {
    if (view.opaque && (name === 'loop' || name === 'matrix')) return ANY;
    const hint = insteadOf(name, view.place);
    view.report('context-not-here', start, {
      name,
      key: `\`${keyOf(view.place)}\``,
      ...(hint === undefined ? {} : { hint }),
    });
    return ANY;
  }
  if (name === 'steps') return checkSteps(chain, view);
  if (!mayBeReadAsWhole(name, chain, view)) return ANY;
  return follow(view.context(name), links, name, view);
}

function checkSteps({ start, links }: Chain, view: View): Type {
  const [first, ...rest] = links;
  const id = first === undefined ? undefined : nameOf(first.index);
  if (first === undefined || first.index instanceof Star) {
    view.report('whole-context', start, { name: 'steps', item: '<id>' });
    return ANY;
  }
  if (id === undefined) {
    view.report('dynamic-index', first.node, { of: 'steps' });
    return ANY;
  }
  const type = view.step(id, first.node);
  return type === undefined ? ANY : follow(type, rest, `steps.${id}`, view);
}

// All secrets at once, or an environment with a secret in it, would leave the one place where secrets may be read.
function mayBeReadAsWhole(name: Context, { start, links }: Chain, view: View): boolean {
  const [first] = links;
  const asked = first === undefined ? undefined : nameOf(first.index);
  if (name === 'secrets' && asked === undefined) {
    view.report('whole-context', start, { name, item: '<name>' });
    return false;
  }
  if (name !== 'env') return true;
  const secrets = view.secretVariables();
  if (secrets.size === 0) return true;
  if (asked === undefined) {
    view.report('whole-context', start, { name, item: '<name>' });
    return false;
  }
  const secret = [...secrets].find((variable) => variable.toLowerCase() === asked.toLowerCase());
  if (secret === undefined) return true;
  view.report('secret-by-env', first?.node ?? start, { name: secret, inEnv: view.place === 'env' });
  return false;
}

function follow(from: Type, links: Chain['links'], subject: string, view: View): Type {
  let type = from;
  let said = subject;
  for (const { node, index } of links) {
    const next = step(type, index, said, node, view);
    if (next === undefined) return ANY;
    const named = nameOf(index);
    said = index instanceof Star ? `${said}.*` : named === undefined ? `${said}[…]` : `${said}.${named}`;
    type = (type.kinds & KINDS.object) !== type.kinds && type.spread !== true ? orNull(next) : next;
  }
  return type;
}

function step(type: Type, index: Node, subject: string, node: Node, view: View): Type | undefined {
  if (index instanceof Star) return spreadOf(type);
  const name = nameOf(index);
  if (name === undefined) {
    if (isUntyped(type)) return ANY;
    if ((type.kinds & KINDS.list) !== 0) return orNull(type.items ?? ANY);
    if (type.rest !== undefined) return ANY;
    view.report('dynamic-index', node, { of: subject });
    return undefined;
  }
  const member = memberOf(type, name);
  if (member !== undefined) return member;
  const known = namesOf(type);
  const near = nearest(name, known);
  const hint = view.hint(subject, name) ?? (near === undefined ? hintFor(type) : undefined);
  const more = { ...(near === undefined ? {} : { near }), ...(hint === undefined ? {} : { hint }) };
  view.report('unknown-property', node, { of: subject, name, known, ...more });
  return undefined;
}

function hintFor(type: Type): string | undefined {
  if ((type.kinds & KINDS.object) !== 0) return undefined;
  if ((type.kinds & KINDS.list) !== 0) return 'it is a list: `[0]` is its first item, `.*` all of them';
  if ((type.kinds & KINDS.string) !== 0) return 'it is a string; `fromJSON(…)` reads one that holds JSON';
  return 'it is a plain value, which has no properties';
}

// `a['b']` means the same as `a.b`. A number is an index, which only lists have.
function nameOf(index: Node): string | undefined {
  return index instanceof Literal && index.literal.kind === Kind.String ? index.literal.value : undefined;
}

function reportUnknownContext(start: ContextAccess, view: View): void {
  const { lexeme } = start.name;
  const known = CONTEXTS.filter((name) => READABLE[view.place].has(name) || view.isInside(name));
  const near = nearest(lexeme, known);
  const isFunction = signatureOf(lexeme);
  const hint =
    ELSEWHERE.get(lexeme.toLowerCase()) ??
    (isFunction === undefined
      ? undefined
      : `a function is called with brackets: \`${isFunction.name}(…)\``) ??
    (near === undefined ? `a text stands in single quotes: \`'${lexeme}'\`` : undefined);
  view.report('unknown-context', start, {
    name: lexeme,
    known,
    ...(near === undefined ? {} : { near }),
    ...(hint === undefined ? {} : { hint }),
  });
}

function isContext(name: string): name is Context {
  return (CONTEXTS as readonly string[]).includes(name);
}

/** A key as the file writes it. */
function keyOf(place: Place): string {
  return place === 'workflow-env' ? 'env:' : `${place}:`;
}
