// How Codex's model calls tools: as functions, or as JavaScript in code mode.
import type { Reply } from './reply.ts';

/** An item of a response's output. */
export interface OutputItem {
  type: string;
  [key: string]: unknown;
}

/** A reply that uses a tool. */
export type ToolReply = Extract<Reply, { kind: 'shell' | 'write' }>;

/** A command or script that Codex left running in the background, to be waited for. */
export interface Running {
  kind: 'session' | 'cell';
  id: string;
}

// Codex yields a running command to its model after this many milliseconds; it takes no more than 30,000.
const yieldTime = 30_000;

/** The patch that makes a file's content be `content`. An added file replaces one that exists. */
function patch(path: string, content: string): string {
  const lines = content.endsWith('\n') ? content.slice(0, -1) : content;
  const added = lines.split('\n').map((line) => `+${line}`);
  return ['*** Begin Patch', `*** Add File: ${path}`, ...added, '*** End Patch'].join('\n');
}

function commandOf(reply: ToolReply): string {
  if (reply.kind === 'shell') return reply.command;
  // Where the model has no patch tool, Codex takes this very command as a patch instead of starting it.
  return `apply_patch <<'END_OF_PATCH'\n${patch(reply.path, reply.content)}\nEND_OF_PATCH`;
}

function javascript(reply: ToolReply): string {
  if (reply.kind === 'write')
    return `text(await tools.apply_patch(${JSON.stringify(patch(reply.path, reply.content))}));`;
  const command = JSON.stringify(commandOf(reply));
  return [
    `let ran = await tools.exec_command({ cmd: ${command}, yield_time_ms: ${yieldTime} });`,
    'let output = ran.output;',
    'while (ran.session_id !== undefined) {',
    `  ran = await tools.write_stdin({ session_id: ran.session_id, yield_time_ms: ${yieldTime} });`,
    '  output += ran.output;',
    '}',
    'text(`Process exited with code ${ran.exit_code}\\nOutput:\\n${output}`);',
  ].join('\n');
}

/** The output item that calls the tool. */
export function callOf(reply: ToolReply, codeMode: boolean, id: (prefix: string) => string): OutputItem {
  const identity = { call_id: id('call'), status: 'completed' };
  if (codeMode) {
    const input = javascript(reply);
    return {
      type: 'custom_tool_call',
      id: id('ctc'),
      ...identity,
      namespace: 'functions',
      name: 'exec',
      input,
    };
  }
  const args = JSON.stringify({ cmd: commandOf(reply), yield_time_ms: yieldTime });
  return { type: 'function_call', id: id('fc'), ...identity, name: 'exec_command', arguments: args };
}

/** The output item that goes on waiting for something Codex left running. */
export function waitFor(running: Running, codeMode: boolean, id: (prefix: string) => string): OutputItem {
  const call = (name: string, args: unknown, more: Record<string, string>): OutputItem => ({
    type: 'function_call',
    id: id('fc'),
    call_id: id('call'),
    status: 'completed',
    name,
    arguments: JSON.stringify(args),
    ...more,
  });
  if (running.kind === 'session') {
    return call('write_stdin', { session_id: Number(running.id), yield_time_ms: yieldTime }, {});
  }
  return call(
    'wait',
    { cell_id: running.id, yield_time_ms: yieldTime },
    codeMode ? { namespace: 'functions' } : {},
  );
}

/** What a tool output says is still running. */
export function runningIn(output: string): Running | undefined {
  const session = /Process running with session ID (\d+)/.exec(output)?.[1];
  if (session !== undefined) return { kind: 'session', id: session };
  const cell = /Script running with cell ID (\S+)/.exec(output)?.[1];
  return cell === undefined ? undefined : { kind: 'cell', id: cell };
}

/** Takes Codex's own lines off a tool's output. */
export function toolOutput(raw: string): { text: string; failed: boolean } {
  const failed = /exited with code [1-9]|Script failed|^(?:error|failed|rejected)|verification failed/im.test(
    raw,
  );
  let text = raw;
  for (
    let header =
      /^(?:(?:Chunk ID|Wall time|Process |Script |Original token|Exit code).*\n)+(?:Output:\n)?\n?/;
    header.test(text);
  ) {
    text = text.replace(header, '');
  }
  return { text, failed };
}
