/** Lists the spellings in which a secret may appear in a stream. */

/** Shorter values are not masked: `true` or `3000` would black out half of every log. */
const SHORTEST_SECRET = 6;

/** The widths at which `base64(1)` and PEM break their lines. */
const BASE64_WIDTHS = [76, 64];

/** Every spelling of every value, as bytes, each once. */
export function secretForms(values: readonly string[]): readonly Buffer[] {
  const forms = new Set<string>();
  for (const value of values) {
    for (const part of partsOf(value)) {
      for (const form of [...escapes(part), ...hex(part), ...base64(part)]) {
        // Kept as latin1: a set of buffers would compare identities.
        if (form.length >= SHORTEST_SECRET) forms.add(Buffer.from(form).toString('latin1'));
      }
    }
  }
  return [...forms].map((form) => Buffer.from(form, 'latin1'));
}

/** The value, without the space around it, and line by line: programs print a key's lines with prefixes of their own. */
function partsOf(value: string): readonly string[] {
  const parts = [value, value.trim(), ...value.split(/\r\n|[\r\n]/)];
  return [...new Set(parts)].filter((part) => part.length >= SHORTEST_SECRET);
}

function escapes(value: string): readonly string[] {
  const once = JSON.stringify(value).slice(1, -1);
  const ascii = escapeNonAscii(once);
  const upper = ascii.replace(/\\u[0-9a-f]{4}/g, upperEscape);
  const json = [once, ascii, upper, once.replaceAll('/', '\\/'), forHtml(once), forHtmlOfNet(upper)];
  // A tool's answer in an event of an agent is JSON within JSON.
  const twice = json.map((form) => JSON.stringify(form).slice(1, -1));
  return [value, ...json, ...twice, ...uri(value), ...shell(value)];
}

function escapeNonAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** As Go writes JSON (encoding/json, HTMLEscape), and with it most tools that talk to clouds. */
function forHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, escapeUnit);
}

/** As .NET writes it (System.Text.Json, JavaScriptEncoder.Default). */
function forHtmlOfNet(json: string): string {
  return json.replaceAll('\\"', '"').replace(/["&'+<>`]/g, (letter) => upperEscape(escapeUnit(letter)));
}

function upperEscape(lower: string): string {
  return `\\u${lower.slice(2).toUpperCase()}`;
}

function uri(value: string): readonly string[] {
  // encodeURIComponent throws at half a surrogate pair; bytes have none.
  const whole = Buffer.from(value).toString();
  const component = encodeURIComponent(whole);
  // What RFC 3986 reserves beyond that; forms also escape the tilde and write a space as a plus.
  const strict = component.replace(/[!'()*]/g, percent);
  const form = new URLSearchParams([['', whole]]).toString().slice(1);
  const forms = [component, strict, encodeURI(whole), component.replaceAll('%20', '+'), form];
  return forms.flatMap((each) => [each, each.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

function percent(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** As `set -x`, `printf %q`, `${x@Q}` and people write it for a shell. */
function shell(value: string): readonly string[] {
  return [
    value.replaceAll("'", "'\\''"),
    value.replaceAll("'", `'"'"'`),
    value.replace(/[\\"$`]/g, '\\$&'),
    value.replace(/[\\"$`!]/g, '\\$&'),
    value.replace(/[^\w@%+=:,./\-\u0080-\uffff]/g, '\\$&'),
    value.replace(/[^\w@%+=:./\-\u0080-\uffff]/g, '\\$&'),
    value.replace(/[^\w@%+=:,./~#\-\u0080-\uffff]/g, '\\$&'),
    ansiC(value),
  ];
}

/** The inside of bash's `$'…'`. */
function ansiC(value: string): string {
  const named: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\x1b': '\\E' };
  return value.replace(/[\\'\n\t\r\x1b]/g, (letter) => named[letter] ?? `\\${letter}`);
}

function hex(value: string): readonly string[] {
  const lower = Buffer.from(value).toString('hex');
  return [lower, lower.toUpperCase()];
}

/**
 * The value alone, and what of it is the same whatever stands around it: base64 turns three bytes into four letters, so there are
 * three ways to lie in a longer text, and the letters at both ends carry bits of the neighbours.
 */
function base64(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const forms = [bytes.toString('base64'), bytes.toString('base64').replace(/=+$/, '')];
  for (const offset of [0, 1, 2]) {
    const letters = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    forms.push(letters.slice(first, last));
  }
  for (const width of BASE64_WIDTHS) {
    const whole = forms[0] ?? '';
    for (let at = 0; whole.length > width && at < whole.length; at += width)
      forms.push(whole.slice(at, at + width));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
