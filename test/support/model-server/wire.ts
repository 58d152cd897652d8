// Writes replies onto a socket: events, JSON, silence, or a cut connection.
import type { ServerResponse } from 'node:http';

/** One server-sent event; `type` is both the event's name and a field of its data. */
export interface StreamEvent {
  type: string;
  [key: string]: unknown;
}

/** Sends a whole JSON response. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** What follows the last event: an orderly end, silence on an open socket, or a cut connection. */
export type StreamEnd = 'end' | 'silence' | 'cut';

/** Sends events as a stream. */
export function sendEvents(response: ServerResponse, events: readonly StreamEvent[], end: StreamEnd): void {
  const bytes = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  sendStream(response, bytes, end);
}

/** Sends the text of a stream. */
export function sendStream(response: ServerResponse, bytes: string, end: StreamEnd): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  if (end === 'end') response.end(bytes);
  // Closed after the flush rather than reset: a reset may overtake the events, so that now and then none arrives.
  else response.write(bytes, () => end === 'cut' && response.destroy());
}

/** Ids that look like a provider's, unique within one server. */
export function idSource(): (prefix: string) => string {
  let last = 0;
  return (prefix) => {
    last += 1;
    return `${prefix}_${String(last).padStart(24, '0')}`;
  };
}
