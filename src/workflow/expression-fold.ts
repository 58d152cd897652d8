/** Finds out what a condition comes to before anything runs. */
import {
  Binary,
  ContextAccess,
  FunctionCall,
  Grouping,
  Literal,
  Logical,
  Unary,
} from '@actions/expressions/ast';
import type { Json } from '../model/result.ts';
import { constantOf } from './evaluate.ts';
import { STATUS_FUNCTIONS } from './expression-functions.ts';
import { childrenOf, type Node } from './expression-syntax.ts';
import { KINDS, type Type } from './types.ts';

/** True or false where it is always that; undefined where it depends. */
export type Truth = boolean | undefined;

/** What is known beside the text of the condition. */
export interface Known {
  /** What a part of it is known to be. */
  readonly types: ReadonlyMap<Node, Type>;
  /** What a status function gives. */
  status(name: string): Truth;
}

/** What the condition always comes to. */
export function truthOf(node: Node, known: Known): Truth {
  if (node instanceof Grouping) return truthOf(node.group, known);
  if (node instanceof Unary) return not(truthOf(node.expr, known));
  if (node instanceof Logical) return ofLogical(node, known);
  if (node instanceof FunctionCall) {
    const status = STATUS_FUNCTIONS.get(node.functionName.lexeme.toLowerCase());
    if (status !== undefined) return known.status(status);
  }
  if (isConstant(node)) {
    const value = constantOf(node);
    return value === undefined ? undefined : isTrue(value);
  }
  // That values of different kinds are compared was complained about.
  return node instanceof Binary ? undefined : ofType(known.types.get(node));
}

function ofLogical({ operator, args }: Logical, known: Known): Truth {
  const all = args.map((arg) => truthOf(arg, known));
  const decides = operator.lexeme === '||';
  if (all.includes(decides)) return decides;
  return all.every((truth) => truth === !decides) ? !decides : undefined;
}

/** Lists and objects are true whatever they hold; null never is. */
function ofType(type: Type | undefined): Truth {
  if (type === undefined || type.kinds === 0) return undefined;
  if (type.kinds === KINDS.null) return false;
  return (type.kinds & ~(KINDS.list | KINDS.object)) === 0 ? true : undefined;
}

/** Whether nothing in it is known only when it is asked. */
function isConstant(node: Node): boolean {
  const open: Node[] = [node];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one instanceof Literal) continue;
    if (one instanceof ContextAccess) return false;
    if (one instanceof FunctionCall && ASKING.has(one.functionName.lexeme.toLowerCase())) return false;
    open.push(...childrenOf(one));
  }
  return true;
}

const ASKING: ReadonlySet<string> = new Set([...STATUS_FUNCTIONS.keys(), 'hashfiles', 'changed']);

function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

// As when the run asks: everything but these.
function isTrue(value: Json): boolean {
  return !(value === null || value === false || value === 0 || value === '');
}
