/** Computes what an expression says at the moment it is asked. */
import type { Binary, ContextAccess, FunctionCall } from '@actions/expressions/ast';
import { BooleanData } from '@actions/expressions/data/boolean';
import { Dictionary } from '@actions/expressions/data/dictionary';
import { Kind } from '@actions/expressions/data/expressiondata';
import { Evaluator } from '@actions/expressions/evaluator';
import { wellKnownFunctions } from '@actions/expressions/funcs';
import { TokenType } from '@actions/expressions/lexer';
import { equals, greaterThan, lessThan } from '@actions/expressions/result';
import { err, type Json, ok } from '../model/result.ts';
import type { Evaluate, Scope } from '../model/scope.ts';
import { STATUS_FUNCTIONS } from './expression-functions.ts';
import { type Node, parseExpression } from './expression-syntax.ts';
import { type ExpressionData, fromJson, plainList, textOf, toJson } from './expression-values.ts';

/** The largest value an expression may give, in bytes of UTF-8. */
const MAX_VALUE_BYTES = 1024 * 1024;

/** How much of an expression or a complaint is said, in characters. */
const MAX_SAID = 200;

/**
 * Evaluates an expression. It never throws: whatever goes wrong is one sentence. Names are looked up without case, a
 * property that is not there is null, and what may be asked at all was checked before the run.
 */
export const evaluate: Evaluate = (expr, scope) => {
  const parsed = parseExpression(expr.text);
  if (!parsed.ok) return err(`\`${shorten(expr.text)}\` is not an expression`);
  try {
    return ok(bounded(toJson(new StrictEvaluator(parsed.value.root, scope).evaluate())));
  } catch (thrown) {
    return err(`\`${shorten(expr.text)}\`: ${shorten(sentenceOf(thrown))}`);
  }
};

/** The value of a part of an expression that asks for nothing; undefined where it cannot be computed. */
export function constantOf(node: Node): Json | undefined {
  try {
    return bounded(toJson(new StrictEvaluator(node, { contexts: {}, functions: {} }).evaluate()));
  } catch {
    return undefined;
  }
}

/**
 * What a value is inside a longer text: nothing for null, numbers as GitHub prints them (15 digits), lists and objects as
 * JSON, where GitHub prints the words `Array` and `Object`, which nobody can use.
 */
export function toText(value: Json): string {
  return textOf(value);
}

/** The library's evaluator with two deviations: values of different types are never equal, and have no order. */
class StrictEvaluator extends Evaluator {
  readonly #scope: Scope;
  readonly #contexts = new Map<string, ExpressionData>();

  constructor(root: Node, scope: Scope) {
    super(root, new Dictionary());
    this.#scope = scope;
  }

  override visitContextAccess({ name: { lexeme } }: ContextAccess): ExpressionData {
    const name = lexeme.toLowerCase();
    const known = this.#contexts.get(name);
    if (known !== undefined) return known;
    const value = Object.hasOwn(this.#scope.contexts, name) ? this.#scope.contexts[name] : undefined;
    if (value === undefined) throw new Error(`\`${lexeme}\` cannot be read here`);
    const data = fromJson(value);
    this.#contexts.set(name, data);
    return data;
  }

  override visitBinary(binary: Binary): ExpressionData {
    const left = this.eval(binary.left);
    const right = this.eval(binary.right);
    const { type, lexeme } = binary.operator;
    if (type === TokenType.EQUAL_EQUAL) return new BooleanData(same(left, right));
    if (type === TokenType.BANG_EQUAL) return new BooleanData(!same(left, right));
    if (left.kind !== right.kind) {
      throw new Error(`\`${lexeme}\` cannot order ${wordFor(left)} and ${wordFor(right)}`);
    }
    if (left.kind === Kind.Array || left.kind === Kind.Dictionary || left.kind === Kind.Null) {
      throw new Error(`\`${lexeme}\` cannot order two values that are each ${wordFor(left)}`);
    }
    const greater = type === TokenType.GREATER || type === TokenType.GREATER_EQUAL;
    const orEqual = type === TokenType.GREATER_EQUAL || type === TokenType.LESS_EQUAL;
    const ordered = greater ? greaterThan(left, right) : lessThan(left, right);
    return new BooleanData(ordered || (orEqual && equals(left, right)));
  }

  override visitFunctionCall({ functionName: { lexeme }, args }: FunctionCall): ExpressionData {
    const values = args.map((arg) => plainList(this.eval(arg)));
    return boundedData(this.#call(lexeme, values));
  }

  #call(lexeme: string, args: readonly ExpressionData[]): ExpressionData {
    const lower = lexeme.toLowerCase();
    const own = OWN_FUNCTIONS.get(lower);
    if (own !== undefined) return own(args);
    // hasOwn, because the library's table would give `constructor()` and `toString()` too.
    const known = Object.hasOwn(wellKnownFunctions, lower) ? wellKnownFunctions[lower] : undefined;
    if (known !== undefined) return known.call(...args);
    const name = STATUS_FUNCTIONS.get(lower) ?? (lower === 'hashfiles' ? 'hashFiles' : lexeme);
    const handedIn = Object.hasOwn(this.#scope.functions, name) ? this.#scope.functions[name] : undefined;
    if (handedIn === undefined) throw new Error(`\`${lexeme}()\` cannot be called here`);
    return fromJson(handedIn(...args.map(toJson)));
  }
}

// What the library does differently from what the language promises: `contains` compares strictly like `==`, and JSON goes
// in and out unchanged, with every name kept.
const OWN_FUNCTIONS: ReadonlyMap<string, (args: readonly ExpressionData[]) => ExpressionData> = new Map([
  ['tojson', ([value]) => fromJson(JSON.stringify(toJson(value ?? fromJson(null)), null, 2))],
  ['fromjson', ([value]) => parseJson(value)],
  [
    'contains',
    ([where, what]) => {
      if (where === undefined || what === undefined) throw new Error('`contains` takes exactly 2 arguments');
      if (where.kind !== Kind.Array) return wellKnownFunctions.contains?.call(where, what) ?? fromJson(false);
      return new BooleanData(where.values().some((item) => same(item, what)));
    },
  ],
]);

function parseJson(value: ExpressionData | undefined): ExpressionData {
  const text = value?.primitive === true ? value.coerceString() : undefined;
  if (text === undefined) throw new Error('`fromJSON` takes a text, not a list or an object');
  if (text.trim() === '') throw new Error('the text given to `fromJSON` is empty');
  try {
    return fromJson(JSON.parse(text) as Json);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw thrown;
    throw new Error('the text given to `fromJSON` is not JSON');
  }
}

function same(left: ExpressionData, right: ExpressionData): boolean {
  return left.kind === right.kind && equals(left, right);
}

function boundedData(data: ExpressionData): ExpressionData {
  // Only functions make long texts, and a nest of `format` would double one at each level.
  if (data.kind === Kind.String) bounded(data.value);
  return data;
}

function bounded(value: Json): Json {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error(`${value} is no number that can be stored`);
  if (typeof value === 'string' || (typeof value === 'object' && value !== null)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (
      text.length > MAX_VALUE_BYTES ||
      (text.length > MAX_VALUE_BYTES / 3 && bytesOf(text) > MAX_VALUE_BYTES)
    ) {
      throw new Error('the value is larger than 1 MiB; write it to a file and pass its name');
    }
  }
  return value;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function wordFor({ kind }: ExpressionData): string {
  switch (kind) {
    case Kind.Null:
      return 'null';
    case Kind.Boolean:
      return 'a boolean';
    case Kind.Number:
      return 'a number';
    case Kind.String:
      return 'a string';
    case Kind.Array:
      return 'a list';
    case Kind.Dictionary:
      return 'an object';
  }
}

function sentenceOf(thrown: unknown): string {
  if (thrown instanceof RangeError) return 'the value is too large or nested too deeply';
  return thrown instanceof Error ? thrown.message : 'it cannot be computed';
}

// A sentence for people: the library quotes the whole text that it could not format, which may be a file.
function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > MAX_SAID ? `${line.slice(0, MAX_SAID)}…` : line;
}
