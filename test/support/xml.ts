// Reads XML as strictly as it is defined.
import { createRequire } from 'node:module';

/** An element as it opens. */
export interface Tag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** As far as it is used of https://github.com/lddubeau/saxes, which takes nothing that is not well-formed. */
interface Parser {
  on(event: 'error', hear: (error: Error) => void): void;
  on(event: 'opentag', hear: (tag: Tag) => void): void;
  on(event: 'text', hear: (text: string) => void): void;
  write(text: string): Parser;
  close(): void;
}

/** Undefined in a checkout that was set up before it was a dependency. */
export const SaxesParser = (() => {
  try {
    return (createRequire(import.meta.url)('saxes') as { SaxesParser: new () => Parser }).SaxesParser;
  } catch {
    return undefined;
  }
})();

/** Every element in the order of the document, each with the text that follows it. */
export function parsed(xml: string): readonly (Tag & { readonly text: string })[] {
  const found: { name: string; attributes: Record<string, string>; text: string }[] = [];
  if (SaxesParser === undefined) throw new Error('run `npm ci`: saxes is not installed');
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) =>
    found.push({ name, attributes: { ...attributes }, text: '' }),
  );
  parser.on('text', (text) => {
    const last = found.at(-1);
    if (last !== undefined) last.text += text;
  });
  parser.write(xml).close();
  return found;
}
