/** A greeting for somebody. */
export function greet(name = 'you') {
  return `Hello, ${name}!`;
}
