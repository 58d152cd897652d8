/** Reads what a step wrote to its `$CODEMACHINE_OUTPUT` file. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, rmSync } from 'node:fs';
import { err, type Json, type JsonObject, ok, type Result } from '../model/result.ts';
import type { OutputType } from '../model/workflow.ts';
import { nestsTooDeep } from './nesting.ts';

/** Outputs live in the journal: what is bigger is a file, and its path an output. */
const MOST_BYTES = 1024 * 1024;

const NAME = /^[A-Za-z_][\w-]*$/;
const JSON_NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** What a step gave out. */
export interface StepOutputs {
  readonly outputs: JsonObject;
  /** Names it wrote and its file does not declare. They are kept, and nothing can refer to them. */
  readonly undeclared: readonly string[];
}

/** Reads the file at `file` and removes it: what a script wrote there may hold secrets, and passed no mask. */
export function takeOutputs(
  file: string,
  types: Readonly<Record<string, OutputType>>,
): Result<StepOutputs, string> {
  // Most steps write none, and an error that is thrown and caught costs as much as a commit.
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return ok({ outputs: {}, undeclared: [] });
  try {
    return readOutputs(file, types);
  } finally {
    // Whatever the step made of it, a directory too; a link is removed, not what it leads to.
    rmSync(file, { recursive: true, force: true });
  }
}

/** Reads the file at `file`; one that is not there holds nothing. The error is a sentence. */
export function readOutputs(
  file: string,
  types: Readonly<Record<string, OutputType>>,
): Result<StepOutputs, string> {
  const text = readBounded(file);
  if (!text.ok) return text;
  const written = parseOutputs(text.value);
  if (!written.ok) return written;
  const outputs = new Map<string, Json>();
  const undeclared: string[] = [];
  for (const [name, value] of written.value) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) undeclared.push(name);
    const typed = asType(name, value, type ?? 'string');
    if (!typed.ok) return typed;
    outputs.set(name, typed.value);
  }
  return ok({ outputs: Object.fromEntries(outputs), undeclared });
}

/**
 * Takes the lines apart: `name=value`, or `name<<END`, lines, `END` as in GitHub Actions; whichever sign comes first counts. The
 * last value of a name wins.
 */
export function parseOutputs(text: string): Result<ReadonlyMap<string, string>, string> {
  const written = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = bare(lines[at] ?? '');
    if (line.trim() === '') continue;
    const [sign] = /=|<</.exec(line) ?? [];
    const place = `line ${at + 1} of $CODEMACHINE_OUTPUT`;
    if (sign === undefined) return err(`${place} is neither name=value nor name<<END: ${shown(line)}`);
    const cut = line.indexOf(sign);
    const name = line.slice(0, cut).trim();
    if (!NAME.test(name))
      return err(`${place} does not begin with a name (letters, digits, _ and -): ${shown(line)}`);
    const rest = line.slice(cut + sign.length);
    if (sign === '=') {
      written.set(name, rest);
      continue;
    }
    const end = rest.trim();
    // Whoever ends this line with CR LF ends all so; elsewhere a CR is a part of the value.
    const read = lines[at]?.endsWith('\r') === true ? bare : (each: string) => each;
    const last = end === '' ? -1 : lines.findIndex((each, i) => i > at && read(each) === end);
    if (last === -1) return err(`${place} opens "${name}<<${end}", and no later line is exactly "${end}"`);
    written.set(
      name,
      lines
        .slice(at + 1, last)
        .map(read)
        .join('\n'),
    );
    at = last;
  }
  return ok(written);
}

function bare(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function asType(name: string, text: string, type: OutputType): Result<Json, string> {
  const plain = text.trim();
  const wrong = (wanted: string): Result<Json, string> =>
    err(`output "${name}" is declared as ${type}, and the step wrote ${shown(text)}; write ${wanted}`);
  switch (type) {
    case 'string':
      return ok(text);
    case 'number':
      return JSON_NUMBER.test(plain) && Number.isFinite(Number(plain))
        ? ok(Number(plain))
        : wrong('a number such as 12 or 0.5');
    case 'boolean':
      return plain === 'true' || plain === 'false' ? ok(plain === 'true') : wrong('true or false');
    case 'json':
      if (nestsTooDeep(plain)) return wrong('one that nests less deeply');
      try {
        return ok(JSON.parse(plain) as Json);
      } catch {
        return wrong('one JSON value');
      }
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function readBounded(file: string): Result<string, string> {
  let fd: number;
  try {
    // The step owns this path: it may have put a link to a secret file there, or a pipe on which we would wait for ever.
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? ok('')
      : err(`$CODEMACHINE_OUTPUT cannot be read (${code}); append to it as a plain file`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile())
      return err('$CODEMACHINE_OUTPUT is no longer a plain file; append to it, do not replace it');
    if (stat.size > MOST_BYTES) {
      return err(
        '$CODEMACHINE_OUTPUT holds more than 1 MiB; write big values to a file and give out its path',
      );
    }
    const bytes = Buffer.alloc(stat.size);
    return ok(bytes.toString('utf8', 0, readSync(fd, bytes, 0, stat.size, 0)));
  } finally {
    closeSync(fd);
  }
}
