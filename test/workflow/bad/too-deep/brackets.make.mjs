// A hundred lists inside each other.
export default `name: case\nx-deep: ${'['.repeat(100)}${']'.repeat(100)}\n`;
