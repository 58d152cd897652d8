// Says what a terminal would make of a text.

/** What a terminal would do beside writing, colouring and going to the next line. */
export function acts(text: string): readonly string[] {
  const plain = text.replace(/\x1b\[[\d;]*m/g, '').replaceAll('\r\n', '\n');
  return [
    ...plain.matchAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069].{0,20}/g),
  ].map(String);
}
