// A list with so many items that the file has too many tokens.
export default `name: case\nx-many: [${'1,'.repeat(200_000)}]\n`;
