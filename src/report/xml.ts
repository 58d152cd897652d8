/** Writes what stands in XML. */

/** Attributes of a tag, each with a space before it. */
export function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replace(/[\t\n]/g, spelled)}"`)
    .join('');
}

/** A line end in an attribute is read as a space. */
function spelled(sign: string): string {
  return `&#${sign.charCodeAt(0)};`;
}

/** What may stand in no document of XML 1.0, not even spelled (https://www.w3.org/TR/xml/#charsets), and halves of characters. */
const FORBIDDEN =
  /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text as it may stand between tags and between quotes. What XML has no way to say is said as JSON would. */
export function escaped(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(FORBIDDEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A time as JUnit has it. Milliseconds in. */
export function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
