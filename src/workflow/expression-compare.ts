/** Finds comparisons whose answer is known before anything runs. */
import { type Binary, ContextAccess, Grouping, IndexAccess, Literal } from '@actions/expressions/ast';
import { Kind } from '@actions/expressions/data/expressiondata';
import type { ArgsOf, Code } from '../model/diagnostic.ts';
import type { Node } from './expression-syntax.ts';
import { nearest } from './suggest.ts';
import { inWords, KINDS, type Type } from './types.ts';

type Report = <C extends Code>(code: C, node: Node, args: ArgsOf<C>) => void;

/** What GitHub calls the ends of a step. */
const GITHUB_STATUSES: ReadonlyMap<string, string> = new Map([
  ['success', 'succeeded'],
  ['failure', 'failed'],
  ['error', 'failed'],
]);

/** One side of a comparison. */
interface Side {
  readonly node: Node;
  readonly type: Type;
}

/** Reports a comparison of two values that can never be equal, or have no order. */
export function compare(node: Binary, leftType: Type, rightType: Type, report: Report): void {
  const left = { node: bare(node.left), type: leftType };
  const right = { node: bare(node.right), type: rightType };
  const { lexeme: operator } = node.operator;
  const disjoint = (leftType.kinds & rightType.kinds) === 0;
  if (operator !== '==' && operator !== '!=') {
    const args = { left: describe(left), right: describe(right), operator };
    if (disjoint || !hasOrder(leftType) || !hasOrder(rightType))
      report('never-ordered', node, { ...args, ...hintFor(left, right) });
    return;
  }
  if (disjoint) {
    report('never-equal', node, {
      left: describe(left),
      right: describe(right),
      operator,
      ...hintFor(left, right),
    });
    return;
  }
  checkLiteral(left, right, report, node);
  checkLiteral(right, left, report, node);
}

function checkLiteral(side: Side, other: Side, report: Report, node: Node): void {
  if (!(other.node instanceof Literal) || other.node.literal.kind !== Kind.String) return;
  const { value } = other.node.literal;
  const path = pathOf(side.node);
  if (path === undefined) return;
  const [root, id, property] = path;
  if (root === 'steps' && path.length === 3 && property?.toLowerCase() === 'text') {
    report('text-compared', node, { of: path.join('.'), step: id ?? '' });
    return;
  }
  const { values } = side.type;
  if (values === undefined || values.some((known) => known.toLowerCase() === value.toLowerCase())) return;
  const near =
    nearest(value, values) ?? values.find((known) => known === GITHUB_STATUSES.get(value.toLowerCase()));
  report('not-a-value', node, { of: path.join('.'), value, values, ...(near === undefined ? {} : { near }) });
}

function hasOrder(type: Type): boolean {
  return (type.kinds & (KINDS.string | KINDS.number | KINDS.boolean)) !== 0;
}

function hintFor(left: Side, right: Side): { hint?: string } {
  const hint = literalHint(left, right) ?? literalHint(right, left);
  return hint === undefined ? {} : { hint };
}

function literalHint(side: Side, { node }: Side): string | undefined {
  if (!(node instanceof Literal)) return undefined;
  const { literal } = node;
  if (literal.kind === Kind.String) {
    const { value } = literal;
    const number =
      (side.type.kinds & KINDS.number) !== 0 && value.trim() !== '' && !Number.isNaN(Number(value));
    const boolean = (side.type.kinds & KINDS.boolean) !== 0 && /^(true|false)$/i.test(value);
    return number || boolean ? `write \`${value.trim().toLowerCase()}\` without quotes` : undefined;
  }
  const quoted = literal.kind === Kind.Number || literal.kind === Kind.Boolean;
  return quoted && (side.type.kinds & KINDS.string) !== 0
    ? `write \`'${node.token.lexeme}'\` in quotes`
    : undefined;
}

function describe({ node, type }: Side): string {
  const words = inWords(type);
  if (node instanceof Literal)
    return node.literal.kind === Kind.Null ? 'null' : `\`${node.token.lexeme}\` (${words})`;
  const path = pathOf(node);
  return path === undefined ? words : `\`${path.join('.')}\` (${words})`;
}

/** The names of an access that names everything it asks for: `steps.a.text`. */
export function pathOf(node: Node): readonly string[] | undefined {
  const names: string[] = [];
  let at = node;
  for (; at instanceof IndexAccess; at = at.expr) {
    if (!(at.index instanceof Literal) || at.index.literal.kind !== Kind.String) return undefined;
    names.push(at.index.literal.value);
  }
  if (!(at instanceof ContextAccess)) return undefined;
  return [at.name.lexeme.toLowerCase(), ...names.reverse()];
}

function bare(node: Node): Node {
  let at = node;
  while (at instanceof Grouping) at = at.group;
  return at;
}
