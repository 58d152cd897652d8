// Seventy mappings inside each other.
export default `${Array.from({ length: 70 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')}${' '.repeat(70)}b\n`;
