/** Writes texts as TOML. */

/** A basic string of TOML: JSON's escapes are among its own, except that DEL must be escaped too. */
export function tomlText(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}
