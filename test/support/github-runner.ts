// Reads what a step of GitHub Actions prints and writes as GitHub's runner does.
//
// Written from what its documentation says (docs.github.com, "Workflow commands for GitHub Actions") and from what its
// source does (actions/runner, `ActionCommand.cs`, `ActionCommandManager.cs`, `FileCommandManager.cs`, `ExecutionContext.cs`).

/** One command that was obeyed. */
export interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/** An annotation as GitHub shows it. */
export interface Annotation {
  readonly kind: string;
  readonly message: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** The runner, as far as one step reaches it. */
export interface Runner {
  /** Everything that was printed, or a part of it that ends with a line. */
  read(text: string): void;
  readonly commands: readonly Command[];
  readonly annotations: readonly Annotation[];
  /** What the log shows; groups as `##[group]`. */
  readonly log: readonly string[];
  readonly masks: readonly string[];
  mask(text: string): string;
}

/** The commands that the runner knows. */
const KNOWN = new Set([
  ...['stop-commands', 'set-env', 'set-output', 'save-state', 'add-mask', 'add-path', 'add-matcher'],
  ...['remove-matcher', 'debug', 'warning', 'error', 'notice', 'group', 'endgroup', 'echo'],
  'internal-set-repo-path',
]);

const MOST_OF_A_KIND = 10;
const LONGEST_MESSAGE = 4096;

// .NET looks for `::` and `##[` by the rules of a language, which pass over characters that have no weight there, and then counts
// on as if there had been none (`String.StartsWith(String)`, `String.IndexOf(String)`).
const NO_WEIGHT =
  '[\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufe00-\\ufe0f\\ufeff]*';
const SECOND = new RegExp(`^${NO_WEIGHT}:${NO_WEIGHT}:`);
const BETWEEN = new RegExp(`:${NO_WEIGHT}:`, 'g');
const FIRST = new RegExp(`#${NO_WEIGHT}#${NO_WEIGHT}\\[`, 'g');
// `Char.IsWhiteSpace`
const SPACE = /^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** Starts with a step that has said nothing. */
export function githubRunner(): Runner {
  const commands: Command[] = [];
  const annotations: Annotation[] = [];
  const log: string[] = [];
  const masks: string[] = [];
  const known = new Set(KNOWN);
  let stopped: string | undefined;
  const mask = (text: string): string =>
    [...masks].sort((a, b) => b.length - a.length).reduce((all, one) => all.replaceAll(one, '***'), text);
  const annotate = ({ name, properties, data }: Command): void => {
    log.push(mask(`##[${name}]${data}`));
    if (annotations.filter(({ kind }) => kind === name).length < MOST_OF_A_KIND)
      annotations.push({ kind: name, message: mask(data).slice(0, LONGEST_MESSAGE), properties });
  };
  const obey = (command: Command, line: string): boolean => {
    const name = command.name.toLowerCase();
    if (stopped !== undefined) {
      if (name !== stopped) return false;
      stopped = undefined;
      known.delete(name);
      return true;
    }
    commands.push({ ...command, name });
    if (name === 'stop-commands') {
      stopped = command.data.toLowerCase();
      known.add(stopped);
      log.push(mask(line));
    } else if (name === 'add-mask') {
      const parts = [command.data, ...command.data.split(/[\r\n]+/).map((part) => part.trim())];
      masks.push(...parts.filter((part) => part !== ''));
    } else if (name === 'group' || name === 'endgroup') {
      log.push(mask(`##[${name}]${name === 'group' ? command.data : ''}`));
    } else if (name === 'error' || name === 'warning' || name === 'notice') annotate({ ...command, name });
    return true;
  };
  return {
    read: (text) => {
      for (const line of text.replace(/(\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/)) {
        const command = secondForm(line, known) ?? firstForm(line, known);
        if (command === undefined || !obey(command, line)) log.push(mask(line));
      }
    },
    commands,
    annotations,
    log,
    masks,
    mask,
  };
}

/** `::name key=value,key=value::data`, at the start of a line. */
function secondForm(printed: string, known: ReadonlySet<string>): Command | undefined {
  const line = printed.replace(SPACE, '');
  if (!SECOND.test(line)) return undefined;
  BETWEEN.lastIndex = 2;
  const end = BETWEEN.exec(line)?.index;
  if (end === undefined) return undefined;
  return commandOf(line.slice(2, end), line.slice(end + 2), known, ',', (text) =>
    unescaped(text, ['\r', '\n', ':', ',', '%']),
  );
}

/** `##[name key=value;key=value]data`, anywhere in a line. */
function firstForm(line: string, known: ReadonlySet<string>): Command | undefined {
  FIRST.lastIndex = 0;
  const start = FIRST.exec(line)?.index;
  if (start === undefined) return undefined;
  const end = line.indexOf(']', start);
  if (end < start + 3) return undefined;
  return commandOf(line.slice(start + 3, end), line.slice(end + 1), known, ';', (text) =>
    unescaped(text, [';', '\r', '\n', ']', '%']),
  );
}

function commandOf(
  info: string,
  data: string,
  known: ReadonlySet<string>,
  separator: string,
  open: (text: string) => string,
): Command | undefined {
  const [name = '', ...rest] = info.split(' ');
  if (!known.has(name.toLowerCase())) return undefined;
  const pairs = rest
    .join(' ')
    .trim()
    .split(separator)
    .map((pair) => pair.split(/=(.*)/s))
    .filter(([key, value]) => key !== '' && value !== undefined && value !== '');
  return {
    name,
    properties: Object.fromEntries(pairs.map(([key = '', value = '']) => [key, open(value)])),
    data: separator === ',' ? unescaped(data, ['\r', '\n', '%']) : open(data),
  };
}

function unescaped(text: string, letters: readonly string[]): string {
  return letters.reduce((all, letter) => {
    const code = letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
    return all.replaceAll(`%${code}`, letter);
  }, text);
}

/** What `$GITHUB_OUTPUT` and `$GITHUB_ENV` say; throws what the runner would say of a file that it cannot read. */
export function readKeyValues(text: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  const lines = text.split('\n');
  // A file that ends with a line end has no line behind it.
  const last = lines.pop();
  if (last !== '' && last !== undefined) lines.push(last);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line === '') continue;
    const [equals, heredoc] = [line.indexOf('='), line.indexOf('<<')];
    if (equals >= 0 && (heredoc < 0 || equals < heredoc))
      values[line.slice(0, equals)] = line.slice(equals + 1);
    else if (heredoc > 0 && line.length > heredoc + 2) {
      const end = lines.indexOf(line.slice(heredoc + 2), i + 1);
      if (end < 0)
        throw new Error(`Invalid value. Matching delimiter not found '${line.slice(heredoc + 2)}'`);
      values[line.slice(0, heredoc)] = lines.slice(i + 1, end).join('\n');
      i = end;
    } else throw new Error(`Invalid format '${line}'`);
  }
  return values;
}

/** A job summary as it is shown; undefined where GitHub takes none that is so long. */
export function readSummary(text: string, { mask }: Pick<Runner, 'mask'>): string | undefined {
  if (Buffer.byteLength(text) > 1024 * 1024) return undefined;
  return text
    .split(/\r\n|\r|\n/)
    .map(mask)
    .join('\n');
}
