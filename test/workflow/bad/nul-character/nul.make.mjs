// A character that no editor writes.
export default 'name: case\0\nsteps:\n  - run: echo hello\n';
