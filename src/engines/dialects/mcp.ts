/** Says that a server of `mcp` did not start, without which the model works on as if nothing were missing. */
import type { Failure } from '../../model/failure.ts';
import type { McpServer } from '../../model/workflow.ts';
import { failureOf } from './dialect.ts';

/** The servers that a step declares, by name. */
export type Servers = Readonly<Record<string, McpServer>>;

/**
 * The failure of a step whose server did not start; undefined where the step declares none of that name.
 * @param why in the engine's words, where it has some
 */
export function serverFailure(servers: Servers | undefined, name: string, why?: string): Failure | undefined {
  if (servers === undefined || !Object.hasOwn(servers, name)) return undefined;
  const { command, url = '' } = servers[name] ?? {};
  const what = command === undefined ? `\`${url}\`` : `\`${command}\``;
  const words = `the MCP server \`${name}\` (${what}) did not start${why === undefined ? '' : `: ${why}`}`;
  const config =
    command === undefined
      ? `see whether something answers there, or correct \`mcp.${name}.url\``
      : `see whether ${what} starts in a terminal; it gets the variables of \`mcp.${name}.env\` and few others`;
  return failureOf('config', words, { config });
}
