/** Reads what OpenCode logs to standard error with `--print-logs`. */

/** What one line of the log tells of a turn. */
export type Logged =
  /** It works: it begins a step, or gets on within one. */
  | { readonly what: 'works' }
  /** A tool was asked for and is about to run. */
  | { readonly what: 'tool'; readonly permission: string; readonly pattern: string }
  /** A request of the model failed; most are tried again. */
  | { readonly what: 'trouble'; readonly words: string }
  /** It works in this directory from now on. */
  | { readonly what: 'place'; readonly directory: string }
  /** A server could not be reached, or asks for more than it was given. */
  | { readonly what: 'serverless'; readonly server: string }
  /** Why it failed, where what it prints only refers to its log. */
  | { readonly what: 'cause'; readonly words: string }
  /** It asks this model. */
  | { readonly what: 'model'; readonly model: string }
  /** The turn is over. */
  | { readonly what: 'over' }
  /** Somebody would have had to approve. */
  | { readonly what: 'rejected'; readonly words: string }
  | { readonly what: 'nothing' };

const LINE = /^timestamp=\S+ level=[A-Z]+ /;

/** Whether the line is one of the log, which is not meant for people. */
export function isLogged(line: string): boolean {
  return LINE.test(line);
}

const NOTHING: Logged = { what: 'nothing' };

/** What a line says; everything that is not about a turn says nothing. */
export function readLogged(line: string): Logged {
  const rejected = /permission requested: (.*); auto-rejecting/.exec(line)?.[1];
  if (rejected !== undefined && !isLogged(line)) return { what: 'rejected', words: rejected };
  if (!isLogged(line)) return NOTHING;
  switch (fieldOf(line, 'message')) {
    case 'loop':
    case 'process':
      return { what: 'works' };
    case 'stream':
      return { what: 'model', model: `${fieldOf(line, 'providerID')}/${fieldOf(line, 'modelID')}` };
    case 'stream error':
      return {
        what: 'trouble',
        words: fieldOf(line, 'error.error') || fieldOf(line, 'error.error.message') || 'a request failed',
      };
    case 'creating instance':
      return { what: 'place', directory: fieldOf(line, 'directory') };
    case 'failed':
      return { what: 'cause', words: fieldOf(line, 'error') };
    case 'server unavailable':
      return { what: 'serverless', server: fieldOf(line, 'key') };
    case 'exiting loop':
      return { what: 'over' };
    case 'evaluated':
      return fieldOf(line, 'action.action') === 'deny'
        ? { what: 'works' }
        : { what: 'tool', permission: fieldOf(line, 'permission'), pattern: fieldOf(line, 'pattern') };
    default:
      return NOTHING;
  }
}

/** The value of a field; empty where there is none. Values with blanks are JSON texts. */
function fieldOf(line: string, name: string): string {
  const at = line.indexOf(` ${name}=`);
  if (at < 0) return '';
  const value = line.slice(at + name.length + 2);
  const quoted = /^"(?:[^"\\]|\\.)*"/.exec(value)?.[0];
  if (quoted === undefined) return /^\S*/.exec(value)?.[0] ?? '';
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted.slice(1, -1);
  }
}
