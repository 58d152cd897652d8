// The part of a model request a scenario looks at, whichever protocol brought it.

/** One thing that was said, oldest first. `text` of a tool entry is the tool's output. */
export type Entry =
  | { from: 'user'; text: string }
  | { from: 'assistant'; text: string }
  | { from: 'tool'; text: string; failed: boolean };

/** A request of an engine, read into one shape. */
export interface Conversation {
  entries: Entry[];
  /** Names of the tools the engine offers its model. */
  tools: string[];
  /** The engine's working directory as it told its model, absolute. */
  cwd: string;
}

/** A scenario with its arguments, as named in a prompt: `SCENARIO:edit {"path":"a.txt","content":"hi"}`. */
export interface Marker {
  name: string;
  args: Record<string, unknown>;
  /** The marker as written, which identifies it among others. */
  source: string;
}

/** Where a conversation stands with respect to its newest marker. */
export interface Moment {
  marker: Marker;
  /** Tool outputs since the newest prompt, oldest first. */
  outputs: { text: string; failed: boolean }[];
  /** Prompts which came after the marker was first seen and were answered before: repair turns. */
  repairs: number;
  cwd: string;
  tools: string[];
}

// Engines speak to the model in the user's name: reminders, the environment, Claude's own nudge towards its
// answer tool. Counting those as prompts would make a first turn look like a repair.
const fromTheEngine =
  /^\s*<(system-reminder|environment_context|skills_instructions|user_instructions|permissions)|StructuredOutput tool|^\[SYSTEM NOTIFICATION/;

/** The texts people (or a runner) wrote, oldest first, without what the engine put in between. */
export function promptsOf(entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) => (isPrompt(entry) ? [entry.text] : []));
}

function isPrompt(entry: Entry): boolean {
  return entry.from === 'user' && (readMarker(entry.text) !== undefined || !fromTheEngine.test(entry.text));
}

/** Reads the last marker of a text. Arguments which are not JSON throw: the test that wrote them is wrong. */
export function readMarker(text: string): Marker | undefined {
  const found = [...text.matchAll(/SCENARIO:([a-z0-9-]+)(\s*)/g)].at(-1);
  if (found?.[1] === undefined) return undefined;
  const start = found.index + found[0].length;
  const json = text[start] === '{' ? text.slice(start, endOfObject(text, start)) : '';
  const args = json === '' ? {} : (JSON.parse(json) as Record<string, unknown>);
  return { name: found[1], args, source: `SCENARIO:${found[1]} ${json}`.trimEnd() };
}

/** The offset just after the JSON object that opens at `start`; a prompt may go on behind it. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '{') depth += 1;
    else if (!quoted && character === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/**
 * Finds the newest marker; a prompt without one (a repair turn) continues the scenario before it. A conversation
 * without any marker is a plain `text`.
 */
export function momentOf(conversation: Conversation): Moment {
  const { entries, cwd, tools } = conversation;
  const newestPrompt = entries.findLastIndex(isPrompt);
  const marked = entries.flatMap((entry, index) => {
    const marker = entry.from === 'user' ? readMarker(entry.text) : undefined;
    return marker === undefined ? [] : [{ index, marker }];
  });
  const newest = marked.at(-1)?.marker ?? { name: 'text', args: {}, source: 'SCENARIO:text' };
  // A repair prompt may quote the prompt before it, marker included, so the first sight of the same marker counts.
  const first = marked.find((one) => one.marker.source === newest.source)?.index ?? 0;
  return {
    marker: newest,
    outputs: entries.slice(newestPrompt + 1).flatMap((entry) => (entry.from === 'tool' ? [entry] : [])),
    repairs: entries.slice(first + 1).filter(isPrompt).length,
    cwd,
    tools,
  };
}
