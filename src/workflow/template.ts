/** Finds the expressions in a text. */

import { FunctionCall } from '@actions/expressions/ast';
import type { ArgsOf, Code, Diagnostic } from '../model/diagnostic.ts';
import { diagnose } from '../model/diagnostic.ts';
import type { Expr, Template } from '../model/expression.ts';
import { STATUS_FUNCTIONS, signatureOf, takes } from './expression-functions.ts';
import { nodesOf, parseExpression, type SyntaxTrouble } from './expression-syntax.ts';
import type { Text } from './text.ts';

/** Takes a complaint. */
export type Report = (diagnostic: Diagnostic) => void;

const OPEN = '${{';
const CLOSE = '}}';

/** A stretch of a text: a fence with its braces, or what stands between two of them. */
interface Stretch {
  readonly fence: boolean;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a text that may carry expressions in `${{ }}`. A `$` of any other kind is only a dollar sign, and a literal `${{` is
 * written `${{ '${{' }}`, both as in GitHub Actions. What is wrong with an expression is reported; it stays in the template.
 */
export function readTemplate(text: Text, path: string, report: Report): Template {
  const stretches = split(text, path, report);
  const parts = stretches.map(({ fence, start, end }) =>
    fence ? readFence(text, start, end, path, report) : text.value.slice(start, end),
  );
  return { parts, whole: parts.length === 1 && typeof parts[0] !== 'string', at: text.at };
}

/**
 * Reads a text that is one expression, bare or as exactly one fence; undefined where it is none, which is reported. Text
 * beside a fence would make the value a string, and every string but the empty one is true.
 */
export function readBare(text: Text, path: string, report: Report): Expr | undefined {
  const complain = <C extends Code>(code: C, args: ArgsOf<C>) => {
    report(diagnose(code, path, text.at, args));
    return undefined;
  };
  let sound = true;
  const watch: Report = (diagnostic) => {
    sound = false;
    report(diagnostic);
  };
  const stretches = split(text, path, watch);
  const fences = stretches.filter(({ fence }) => fence);
  const [only] = fences;
  if (!sound) return undefined;
  if (only === undefined) {
    if (text.value.trim() === '') return complain('empty-expression', { fence: false });
    const expr = exprOf(text, 0, text.value.length);
    checkSyntax(expr, text, 0, path, watch);
    return sound ? expr : undefined;
  }
  if (fences.length > 1) return complain('several-fences', { count: fences.length });
  if (stretches.length > 1) {
    const newline = text.block && only.start === 0 && text.value.slice(only.end).trim() === '';
    return complain(newline ? 'fence-newline' : 'text-around-fence', {});
  }
  const expr = readFence(text, only.start, only.end, path, watch);
  return sound ? expr : undefined;
}

/** Whether an expression calls `success`, `failure`, `always` or `canceled` and so decides for itself; false for one that is no expression. */
export function callsStatusFunction(expr: Expr): boolean {
  const parsed = parseExpression(expr.text);
  if (!parsed.ok) return false;
  for (const node of nodesOf(parsed.value.root)) {
    if (node instanceof FunctionCall && STATUS_FUNCTIONS.has(node.functionName.lexeme.toLowerCase()))
      return true;
  }
  return false;
}

// A fence that is not closed is reported and stands as text.
function split(text: Text, path: string, report: Report): readonly Stretch[] {
  const { value } = text;
  const stretches: Stretch[] = [];
  let done = 0;
  for (let start = value.indexOf(OPEN); start !== -1; start = value.indexOf(OPEN, done)) {
    const end = endOfFence(value, start + OPEN.length);
    if (end === undefined) {
      report(
        diagnose(
          'open-fence',
          path,
          { start: text.offset(start), end: text.offset(start + OPEN.length) },
          {},
        ),
      );
      break;
    }
    if (start > done) stretches.push({ fence: false, start: done, end: start });
    stretches.push({ fence: true, start, end });
    done = end;
  }
  if (done < value.length) stretches.push({ fence: false, start: done, end: value.length });
  return stretches;
}

// As GitHub does it: a quote opens or closes a string wherever it stands, and `}}` inside a string closes nothing.
function endOfFence(value: string, from: number): number | undefined {
  let quoted = false;
  for (let i = from; i < value.length; i++) {
    if (value[i] === "'") quoted = !quoted;
    else if (!quoted && value.startsWith(CLOSE, i)) return i + CLOSE.length;
  }
  return undefined;
}

function readFence(text: Text, start: number, end: number, path: string, report: Report): Expr {
  const inner = start + OPEN.length;
  const innerEnd = end - CLOSE.length;
  if (text.value.slice(inner, innerEnd).trim() === '') {
    const at = { start: text.offset(start), end: text.offset(end) };
    report(diagnose('empty-expression', path, at, { fence: true }));
    return { text: '', at };
  }
  const expr = exprOf(text, inner, innerEnd);
  checkSyntax(expr, text, inner, path, report);
  return expr;
}

function exprOf(text: Text, start: number, end: number): Expr {
  const raw = text.value.slice(start, end);
  const first = start + raw.length - raw.trimStart().length;
  const trimmed = raw.trim();
  return { text: trimmed, at: { start: text.offset(first), end: text.offset(first + trimmed.length) } };
}

function checkSyntax(expr: Expr, text: Text, start: number, path: string, report: Report): void {
  const parsed = parseExpression(expr.text);
  if (parsed.ok) return;
  const first = text.value.indexOf(expr.text, start);
  report(complaint(parsed.error, expr, path, (index) => text.offset(first + index)));
}

function complaint(
  trouble: SyntaxTrouble,
  expr: Expr,
  path: string,
  offset: (index: number) => number,
): Diagnostic {
  switch (trouble.kind) {
    case 'empty':
      return diagnose('empty-expression', path, expr.at, { fence: false });
    case 'limit':
      return diagnose('expression-limit', path, expr.at, { what: trouble.what, limit: trouble.limit });
    case 'arity': {
      const signature = signatureOf(trouble.name);
      const at = { start: offset(trouble.start), end: offset(trouble.end) };
      const words = signature === undefined ? 'another number of arguments' : takes(signature);
      return diagnose('arity', path, at, { name: signature?.name ?? trouble.name, takes: words });
    }
    case 'unexpected': {
      const { found } = trouble;
      const hint = hintFor(found);
      const at = { start: offset(trouble.start), end: offset(trouble.end) };
      return diagnose('expression-syntax', path, at, {
        found: shorten(found),
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
}

// Habits from other languages that people bring along.
function hintFor(found: string): string | undefined {
  if (found.startsWith('"')) return "strings stand in single quotes: 'text'";
  if (found.startsWith("'")) return "close the string with `'`; a quote inside it is written `''`";
  if (/^and$/i.test(found) || found.startsWith('&')) return '"and" is written `&&`';
  if (/^or$/i.test(found) || found.startsWith('|')) return '"or" is written `||`';
  if (/^not$/i.test(found)) return '"not" is written `!`';
  if (found.startsWith('=')) return '"is" is written `==`';
  if (/^[-+*/%]/.test(found)) return 'there is no arithmetic here: let a `run` step compute it';
  if (found.startsWith('$')) return 'names stand without `$` here';
  return undefined;
}

function shorten(found: string): string {
  const line = found.split('\n', 1)[0] ?? '';
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
}
