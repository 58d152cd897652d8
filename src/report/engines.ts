/** Shows engines: what each can do, and what there is of it here. */
import type { JsonObject } from '../model/result.ts';
import { cleanForTerminal, oneLine } from './clean.ts';
import { painter } from './paint.ts';
import { table } from './table.ts';

const WIDEST = 400;

/** An engine as it is shown. */
export interface EngineRow {
  readonly name: string;
  /** The measured versions. */
  readonly measured: string;
  /** `named`: the repository names the program, which is not started to be asked. */
  readonly state: 'installed' | 'missing' | 'named';
  /** Of one that is installed. */
  readonly version?: string;
  readonly path?: string;
  /** Why its version is none of the measured ones, in words that follow the version. */
  readonly untested?: string;
  /** Of one that is not installed: why, and what to do. Of a named one: what names it. */
  readonly message?: string;
  readonly help?: string;
  /** What it can do, in the same order for all. */
  readonly can: readonly { readonly name: string; readonly value: string; readonly short?: string }[];
  /** What each level of access means. */
  readonly access: Readonly<Record<string, string>>;
}

/** How they are shown. */
export interface EnginesOptions {
  readonly color: boolean;
  /** The width of the screen, in columns. */
  readonly columns: number;
}

/** The engines beside each other, where the screen is wide enough; else below each other. Ends with a line break. */
export function enginesText(engines: readonly EngineRow[], { color, columns }: EnginesOptions): string {
  const [first] = engines;
  if (first === undefined) return '';
  const paint = painter(color);
  const rows = [
    ['', ...engines.map(({ name }) => name)],
    ['installed', ...engines.map(installed)],
    ['measured', ...engines.map(({ measured }) => measured)],
    ...first.can.map(({ name }, index) => [
      name,
      ...engines.map(({ can }) => can[index]?.short ?? can[index]?.value ?? ''),
    ]),
  ];
  const [head = '', ...lines] = table(rows);
  const fits = [head, ...lines].every((line) => line.length <= columns);
  if (engines.length === 1 || !fits)
    return cleanForTerminal(engines.map((one) => enginePage(one, columns, color)).join('\n'), { color });
  const notes = engines.flatMap((engine) => noteLines(engine, columns));
  const all = [paint.bold(head), ...lines, ...(notes.length === 0 ? [] : ['', ...notes])];
  return cleanForTerminal(`${all.join('\n')}\n`, { color });
}

/** All there is to say of one. */
function enginePage(engine: EngineRow, columns: number, color: boolean): string {
  const { name, version, path, measured, can, access } = engine;
  const where = path === undefined ? '' : ` at ${oneLine(path, WIDEST)}`;
  const rows = [
    ['installed', `${version ?? installed(engine)}${where}`],
    ['measured', measured],
    ...can.map((row) => [row.name, row.value]),
    ...Object.entries(access).map(([level, means]) => [`access ${level}`, means]),
  ];
  const width = Math.max(...rows.map(([title = '']) => title.length)) + 2;
  const lines = rows.flatMap(([title = '', text = '']) =>
    wrapped(text, columns - width - 2).map(
      (part, index) => `  ${(index === 0 ? title : '').padEnd(width)}${part}`,
    ),
  );
  return `${[painter(color).bold(name), ...lines, ...noteLines(engine, columns)].join('\n')}\n`;
}

function installed({ state, version, untested, path }: EngineRow): string {
  if (state === 'named') return 'not asked';
  if (version === undefined && path !== undefined) return 'yes';
  return version === undefined ? 'no' : `${version}${untested === undefined ? '' : '!'}`;
}

function noteLines(
  { name, version, untested, message, help }: EngineRow,
  columns: number,
): readonly string[] {
  const said =
    untested !== undefined ? `${version ?? ''} ${untested}` : message === undefined ? undefined : message;
  if (said === undefined) return [];
  return [
    ...wrapped(`${name}: ${oneLine(said, WIDEST)}`, columns),
    ...(help === undefined ? [] : wrapped(help, columns - 2).map((line) => `  ${line}`)),
  ];
}

/** Words on lines of that width, as far as each fits one. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/** An engine for programs, as `schemas/engines.schema.json` says; what is not known is not there. */
export function engineJson(
  engine: Omit<EngineRow, 'can' | 'access'>,
  program: string,
  tested: { readonly from: string; readonly to: string } | undefined,
  capabilities: JsonObject,
): JsonObject {
  const { name, state, version, path, untested, message, help } = engine;
  return {
    engine: name,
    program,
    state,
    ...(version === undefined ? {} : { version, tested: untested === undefined }),
    ...(path === undefined ? {} : { path }),
    ...(message === undefined ? {} : { message }),
    ...(help === undefined ? {} : { help }),
    ...(tested === undefined ? {} : { measured: { from: tested.from, to: tested.to } }),
    capabilities,
  };
}
