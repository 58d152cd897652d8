/** Tells what reading a variable would not keep from harm at a place in a script for `sh` or `bash`. */
import type { Care } from '../model/catalogue/expression.ts';

/** Programs that obey, calculate or start what a word of theirs says. */
const OBEYING =
  /(?:^|[\s;&|(!/])(?:awk|gawk|mawk|bash|sh|dash|ksh|zsh|fish|bun|deno|node|perl|php|pwsh|python[\d.]*|ruby|tclsh|lua|eval|exec|source|trap|alias|complete|coproc|command|builtin|env|sudo|doas|su|ssh|docker|podman|kubectl|npx|npm\s+exec|xargs|parallel|watch|nice|nohup|setsid|stdbuf|strace|ltrace|timeout|time|flock|script|chroot|unshare|at|batch|crontab|gdb|vim|vi|ed|ex|sed|jq|yq|bc|dc|m4|expr|find|psql|mysql|sqlite3|osascript|make|git\s+-c|tar\s+--to-command\S*|mapfile\s+-C|readarray\s+-C)(?=\s|$|=)/;

/** Where a name, or a number, is asked for: what stands in brackets of a name is calculated, and calculating runs `$(…)`. */
const NAMED =
  /(?:^|[\s;&|(])(?:let|unset|(?:declare|typeset|local|readonly|export)\b.*|read|mapfile|readarray|printf\s+-v|(?:\[|\[\[|test)\s(?:.*\s)?-[vR])\s+["']?[^;&|\n]*$/;
const CALCULATED = /(?:\$?\(\((?:(?!\)\)).)*|\$\[[^\]]*|\$\{\w+(?::|\[)[^}]*|(?:^|[\s;])\w+\[[^\]\s]*)$/s;
const COMPARED = /\[\[(?:(?!\]\]).)*$/s;
const STARTS =
  /(?:^|[\s;&|])(?:PS4|PROMPT_COMMAND|EDITOR|VISUAL|PAGER|BROWSER|PATH|ENV|BASH_ENV|(?:GIT|LD|DYLD)_\w+)=\S*$/;

/** What to say of a place, by the texts before it and behind it. */
export function careOf(before: string, after: string): Care | undefined {
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const command = line.slice(line.search(/[^;&]*$/));
  if (CALCULATED.test(line) || NAMED.test(command)) return 'number';
  if (
    COMPARED.test(line) &&
    /\s-(?:eq|ne|lt|le|gt|ge|v)\s/.test(
      ` ${line.slice(line.lastIndexOf('[['))} ${after.split(']]')[0] ?? ''} `,
    )
  )
    return 'number';
  const quiet = quietIn(before);
  const feeding = quiet?.command ?? command;
  const piped = /^[^\n;&|]*\|[^|]/.test(after) && OBEYING.test(/^[^\n;&|]*\|([^\n]*)/.exec(after)?.[1] ?? '');
  const begins = quiet === undefined && /(?:^|[;&|\n]|\b(?:then|do|else)\s)\s*["']?$/.test(before);
  if (STARTS.test(command) || OBEYING.test(feeding) || piped || begins) return 'obeyed';
  return quiet?.kind;
}

/** The single quotes, or the here-document, that a script ends in, in which no variable is read. */
function quietIn(text: string): { readonly kind: Care | undefined; readonly command: string } | undefined {
  let double = false;
  const lineAt = (at: number) => text.slice(text.lastIndexOf('\n', at) + 1, at);
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === '\\') at++;
    else if (letter === '"') double = !double;
    else if (letter === '#' && !double && /(^|\s)$/.test(text.slice(Math.max(0, at - 1), at))) {
      at = text.indexOf('\n', at);
      if (at === -1) return undefined;
    } else if (letter === "'" && !double) {
      const end = text.indexOf("'", at + 1);
      if (end === -1) return { kind: 'single-quotes', command: lineAt(at) };
      at = end;
    } else if (!double && text.startsWith('<<', at) && text[at + 2] !== '<') {
      const [whole, mark, name] = /^<<-?[ \t]*(['"\\]?)(\w+)/.exec(text.slice(at)) ?? [];
      const body = text.indexOf('\n', at);
      if (whole === undefined || name === undefined || body === -1) continue;
      const end = new RegExp(`\\n[ \\t]*${name}(?=\\n)`).exec(text.slice(body));
      const command = text.slice(text.lastIndexOf('\n', at) + 1, body);
      if (end === null)
        return mark === '' ? { kind: undefined, command } : { kind: 'quoted-document', command };
      at = body + end.index + end[0].length - 1;
    }
  }
  return undefined;
}
