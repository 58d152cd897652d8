// A mapping with 1,001 keys.
export default `name: case\nx-many:\n${Array.from({ length: 1001 }, (_, i) => `  key-${i}: 1\n`).join('')}`;
