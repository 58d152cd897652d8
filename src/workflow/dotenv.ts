/** Reads the files that `env-file` names. */
import { err, ok, type Result } from '../model/result.ts';
import type { Workflow } from '../model/workflow.ts';

/** What reading env files needs from outside. */
export interface EnvFileWorld {
  /** The text of a file of the workspace; the error is a sentence's end: "is not there". Undefined when there is no such file. */
  readonly readWorkspaceFile: (path: string) => Result<string, string> | undefined;
  /** Parses the notation of dotenv files; Node's `util.parseEnv`. */
  readonly parseEnv: (text: string) => Readonly<Record<string, string | undefined>>;
}

/** The variables of all env files, a later file's over an earlier one's. The error lists every file that cannot be read. */
export function loadEnvFiles(
  files: Workflow['envFiles'],
  world: EnvFileWorld,
): Result<Readonly<Record<string, string>>, readonly string[]> {
  const problems: string[] = [];
  const variables = new Map<string, string>();
  for (const { path, optional } of files) {
    const text = world.readWorkspaceFile(path);
    if (text === undefined) {
      if (!optional)
        problems.push(
          `the env file \`${path}\` is not there: make it, or write \`${path}?\` if it may be missing`,
        );
    } else if (!text.ok) problems.push(`the env file \`${path}\` ${text.error}`);
    else {
      problems.push(
        ...strayLines(text.value).map(
          (line) =>
            `line ${line} of the env file \`${path}\` is not \`NAME=value\`: write it so, or begin it with \`#\``,
        ),
      );
      for (const [name, value] of Object.entries(world.parseEnv(text.value))) {
        if (value !== undefined) variables.set(name, value);
      }
    }
  }
  return problems.length > 0 ? err(problems) : ok(Object.fromEntries(variables));
}

const ASSIGNMENT = /^\s*(?:export\s+)?[\w.-]+[^\S\n]*=[^\S\n]*(["'`]?)/;

/**
 * The numbers of the lines that are no variable, no comment and not inside a quoted value. The parser passes over them in silence,
 * and with them over whatever was meant to be set. Their text may be a secret, so it is not said.
 */
function strayLines(text: string): readonly number[] {
  const stray: number[] = [];
  const lines = text.replace(/^\ufeff/, '').split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [head, quote] = ASSIGNMENT.exec(line) ?? [];
    if (head === undefined) {
      stray.push(at + 1);
      continue;
    }
    // A quote that is never closed opens nothing: the parser takes it for a letter.
    if (quote === undefined || quote === '' || line.includes(quote, head.length)) continue;
    const end = lines.findIndex((later, index) => index > at && later.includes(quote));
    if (end !== -1) at = end;
  }
  return stray;
}
