/** Reads the tool calls in what goose prints, and what came of them. */
import type { Json, JsonObject } from '../../model/result.ts';
import type { Said } from './dialect.ts';
import { fieldsOf, listOf, objectOf, textOf } from './event-line.ts';

/** What is known of calls that have not come back, by id. */
export type OpenCalls = Map<string, { readonly tool: string; readonly path?: string }>;

/** Tools of its developer extension that change the file at `path`; an older one of many uses says which in `command`. */
const WRITING = new Set(['write', 'edit']);
const WRITING_COMMANDS = new Set(['write', 'create', 'str_replace', 'insert', 'edit_file', 'diff']);

/** `toolRequest` of crates/goose/src/conversation/message.rs. */
export function gooseToolCall(open: OpenCalls, part: JsonObject): readonly Said[] {
  const id = textOf(part.id) ?? '';
  const call = fieldsOf(part.toolCall);
  const value = objectOf(call.value) ?? call;
  const tool = (textOf(value.name) ?? 'tool').replace(/^developer__/, '');
  const given = fieldsOf(value.arguments);
  const path = textOf(given.path);
  const writes =
    WRITING.has(tool) || (tool === 'text_editor' && WRITING_COMMANDS.has(textOf(given.command) ?? ''));
  open.set(id, { tool, ...(writes && path !== undefined ? { path } : {}) });
  const text = tool === 'text_editor' ? path : (textOf(given.command) ?? path);
  return [{ what: 'tool-call', tool, text: text ?? JSON.stringify(given), opens: id }];
}

/** `toolResponse`: what a tool gave, or why it failed. */
export function gooseToolResult(open: OpenCalls, part: JsonObject): readonly Said[] {
  const id = textOf(part.id) ?? '';
  const { tool = 'tool', path } = open.get(id) ?? {};
  open.delete(id);
  const result = fieldsOf(part.toolResult);
  const value = fieldsOf(result.value);
  const wrong = result.status === 'error' || value.isError === true;
  const texts = listOf(objectOf(result.value) === undefined ? result.value : value.content).map(textIn);
  const text = texts.filter((one) => one !== '').join('\n') || (textOf(result.error) ?? '');
  const said: Said = { what: 'tool-result', tool, text, closes: id };
  return path === undefined || wrong ? [said] : [said, { what: 'file-change', text: path }];
}

function textIn(part: Json): string {
  return textOf(fieldsOf(part).text) ?? '';
}
