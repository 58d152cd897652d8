/** Says how gates stand, with what to type to decide. */
import type { GateField, GateQuestion } from '../model/event.ts';
import { fileName, fileNames } from '../model/file-name.ts';
import type { RunId } from '../model/ids.ts';
import type { GateProgress, Progress, StepProgress } from '../model/progress.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { Shown, ShownArtifact } from '../model/shown.ts';
import { oneLine } from './clean.ts';
import { count, moment, quoted, size } from './words.ts';

const WIDEST = 120;
const WIDEST_COMMAND = 320;
const MOST_LINES = 12;
/** Of a list of files so many are named. */
export const MOST_FILES = 10;

/** A step at which a decision is waited for. */
export type OpenGate = StepProgress & {
  readonly gate: GateProgress & { readonly question: NonNullable<GateProgress['question']> };
};

/** The gates of a run at which nobody has decided yet, in the order in which they were met. */
export function openGates({ steps }: Progress): readonly OpenGate[] {
  return [...steps.values()].filter(isOpenGate);
}

function isOpenGate(step: StepProgress): step is OpenGate {
  return step.status === 'asking' && step.gate?.question !== undefined && step.gate.decided === undefined;
}

/** One gate in a few words: what it asks, or what was decided. */
export function gateWords(gate: GateProgress | undefined): string {
  const decided = gate?.decided;
  if (decided === undefined) return `asks: ${oneLine(gate?.question?.message ?? '', WIDEST)}`;
  const comment = decided.comment === undefined ? '' : `: ${oneLine(decided.comment, WIDEST)}`;
  return `${oneLine(decided.decision, WIDEST)} by ${oneLine(decided.by, WIDEST)}${comment}`;
}

/** What is asked at a gate, for somebody who is to decide: the message, what is shown, the questions. Lines without an end. */
export function questionLines(question: GateQuestion, now: string): readonly string[] {
  const expires = question['expires-at'];
  return [
    ...wrapped(question.message),
    ...(question.shown ?? []).flatMap(shownLines),
    ...Object.entries(question.fields ?? {}).map(fieldLine),
    ...(expires === undefined
      ? []
      : [`until ${moment(expires, now)}, then ${oneLine(question['on-timeout'] ?? 'fail', WIDEST)}`]),
  ];
}

/** The commands that decide at a gate. */
export function decisionCommands(run: RunId, { key, gate: { question } }: OpenGate): readonly string[] {
  const owed = Object.entries(question.fields ?? {}).filter(
    ([, { required, default: fallback }]) => required === true && fallback === undefined,
  );
  const fields = owed.map(([name]) => ` --field ${name}=…`);
  return question.options.map((option) => {
    const words = option === 'approve' || option === 'reject' ? option : 'answer';
    const chosen = words === 'answer' ? ` --option ${quoted(option)}` : '';
    return `codemachine ${words} ${run} ${quoted(key)}${chosen}${words === 'reject' ? '' : fields.join('')}`;
  });
}

/** The open gates of a run, each with what it asks and what to type. Lines without an end; none where nothing is asked. */
export function gateLines(progress: Progress, now: string): readonly string[] {
  const { run } = progress;
  if (run === undefined) return [];
  return openGates(progress).flatMap((step) => [
    `${step.key} asks:`,
    ...questionLines(step.gate.question, now).map((line) => `  ${line}`),
    ...(showsFiles(step) ? [`  codemachine diff ${run}`] : []),
    ...decisionCommands(run, step).map((command) => `  ${oneLine(command, WIDEST_COMMAND)}`),
  ]);
}

function showsFiles({ gate: { question } }: OpenGate): boolean {
  return question.shown?.some(({ diff }) => diff !== undefined && diff.files.length > 0) ?? false;
}

/** A gate for programs. */
export function gateJson({ question, remindedAt, decided }: GateProgress): JsonObject {
  const json = {
    ...(question === undefined ? {} : { question }),
    ...(remindedAt === undefined ? {} : { 'reminded-at': remindedAt }),
    ...(decided === undefined ? {} : { decided }),
  };
  return json as unknown as JsonObject;
}

function wrapped(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const shown = lines.slice(0, MOST_LINES).map((line) => oneLine(line, WIDEST));
  return lines.length > MOST_LINES
    ? [...shown, `… and ${count(lines.length - MOST_LINES, 'line')} more`]
    : shown;
}

/** The files of which a gate shows something else when it is asked anew, as far as names tell. */
export function changedFiles(then: GateQuestion, now: GateQuestion): readonly string[] {
  const [before, after] = [namesShown(then), namesShown(now)];
  const differing = [...after, ...before].filter((name) => !(before.has(name) && after.has(name)));
  return [...new Set(differing.map((name) => name.slice(name.indexOf(' ') + 1)))];
}

/** What is shown of each file, with its path behind it. */
function namesShown({ shown = [] }: GateQuestion): ReadonlySet<string> {
  const changed = shown.flatMap(({ diff }) => (diff?.files ?? []).map((file) => `diff ${file}`));
  const kept = shown.flatMap(({ artifacts = [] }) =>
    artifacts.map(({ step, path, sha256, tree }) => `${step}:${sha256}:${tree} ${path}`),
  );
  return new Set([...changed, ...kept]);
}

function shownLines({ show, value, diff, artifacts }: Shown): readonly string[] {
  if (artifacts !== undefined) {
    const name = oneLine(show, WIDEST);
    if (artifacts.length === 0) return [`${name}: no step kept such a file`];
    const files = artifacts.slice(0, MOST_FILES).flatMap(artifactLines);
    const more = artifacts.length - MOST_FILES;
    const rest =
      more > 0 ? [`  … and ${count(more, 'file')} more: \`codemachine status --json\` lists them`] : [];
    return [`${name}: ${count(artifacts.length, 'file')}`, ...files, ...rest];
  }
  if (diff === undefined) {
    const [line = '', ...more] = wrapped(asText(value ?? null));
    const name = oneLine(show, WIDEST);
    return more.length === 0
      ? [`${name}: ${line}`]
      : [`${name}:`, ...[line, ...more].map((one) => `  ${one}`)];
  }
  const { files } = diff;
  if (files.length === 0) return ['diff: nothing has changed'];
  return [`diff: ${count(files.length, 'file')}: ${fileNames(files, MOST_FILES)}`];
}

const IN_THE_TREE: Readonly<Record<ShownArtifact['tree'], string>> = {
  same: '',
  differs: '; the tree holds something else by now',
  missing: '; not in the tree',
};

function artifactLines({ step, path, sha256, bytes, text, tree }: ShownArtifact): readonly string[] {
  const line = `  ${fileName(path)} (${size(bytes)}, of ${step}${IN_THE_TREE[tree]})`;
  return [
    line,
    `    sha256 ${sha256}`,
    ...(text === undefined ? [] : wrapped(text).map((one) => `    | ${one}`)),
  ];
}

function fieldLine([name, field]: readonly [string, GateField]): string {
  const what = field.description === undefined ? '' : `: ${oneLine(field.description, WIDEST)}`;
  const choices = field.options === undefined ? '' : ` of ${field.options.join(', ')}`;
  const fallback = field.default === undefined ? '' : `, default ${oneLine(asText(field.default), WIDEST)}`;
  return `${name} (${field.type}${choices}${field.required === true ? ', required' : ''}${fallback})${what}`;
}

function asText(value: Json): string {
  if (typeof value === 'string') return value;
  const short = JSON.stringify(value);
  return short.length > WIDEST ? JSON.stringify(value, null, 2) : short;
}
