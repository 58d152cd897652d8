// One long comment.
export default `# ${'x'.repeat(5 * 1024 * 1024)}\nname: case\n`;
