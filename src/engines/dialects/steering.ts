/** Finds where a file says to which server requests go. */

/** What is answered on this machine is nobody else's. */
const LOOPBACK = String.raw`\s*["']?https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:[/"'\s]|$)`;

/** Finds a key of that name, as it is spelled in JSON, YAML or a file of variables, whose value is not on this machine. */
export function sends(name: string): RegExp {
  return new RegExp(String.raw`(?<![\w-])(?:${name})(?=["']?\s*[:=](?!${LOOPBACK}))`, 'im');
}
