/** Notices JSON that nests deeper than anything we hand on can be walked. */

/** Whoever walks a value, ourselves, the journal, JSON.stringify, does so by recursion; a few thousand levels end the process. */
const DEEPEST = 256;

const QUOTE = 34;
const BACKSLASH = 92;
/** `[` and `{` differ in this bit alone, and so do `]` and `}`. */
const CURLY = 32;
const OPENS = 123;
const CLOSES = 125;

/** Whether a JSON text nests too deeply to be parsed. Reading it costs no stack, whatever stands in it. */
export function nestsTooDeep(json: string): boolean {
  if (json.length <= DEEPEST) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if ((code | CURLY) === OPENS) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if ((code | CURLY) === CLOSES) depth -= 1;
  }
  return false;
}
