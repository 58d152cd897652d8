// A hundred and one aliases of one small value.
export default `name: case\nx-a: &a 1\nx-b: [${Array(101).fill('*a').join(', ')}]\nsteps:\n  - run: echo hello\n`;
