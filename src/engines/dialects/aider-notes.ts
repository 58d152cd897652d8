/** Reads the file in which Aider notes its replies whole, with exact counts. */
import type { Usage } from '../../model/event.ts';
import { countOf, eventOf, fieldsOf, usdOf } from './event-line.ts';

/** What the notes say of one turn. */
export interface AiderNotes {
  /** The last reply; undefined where none follows the last request. */
  readonly text?: string;
  /** What it used. The costs are worth nothing where the price of the model is not known. */
  readonly usage?: Usage;
}

/** `log_llm_history` of aider/io.py: a headline, then each line of each message behind the role of who wrote it. */
const HEADLINE = /^(TO LLM|LLM RESPONSE) \d{4}-\d\d-\d\dT[\d:]+$/;
const REPLIED = /^ASSISTANT(?: |$)/;

/**
 * Reads the notes. Lines of both its logs stand in them; what a model or a file wrote cannot be taken for one, as a role stands
 * before it.
 */
export function aiderNotes(notes: string): AiderNotes {
  let reply: string[] | undefined;
  let replying = false;
  let usage: Usage | undefined;
  for (const line of notes.split('\n')) {
    const headline = HEADLINE.exec(line)?.[1];
    if (headline !== undefined) {
      replying = headline === 'LLM RESPONSE';
      reply = replying ? [] : undefined;
    } else if (replying && REPLIED.test(line)) reply?.push(line.slice('ASSISTANT '.length));
    else if (line.startsWith('{"event":')) usage = withEvent(usage, line);
  }
  const text = reply?.join('\n').trim();
  return {
    ...(text === undefined || text === '' ? {} : { text }),
    ...(usage === undefined ? {} : { usage }),
  };
}

/** `message_send` of aider/coders/base_coder.py (`show_usage_report`), as `event` of aider/analytics.py writes it. */
function withEvent(sum: Usage | undefined, line: string): Usage | undefined {
  const event = eventOf(line);
  if (event?.event !== 'message_send') return sum;
  const sent = fieldsOf(event.properties);
  const cost = usdOf(sent.cost);
  return {
    'input-tokens': (sum?.['input-tokens'] ?? 0) + countOf(sent.prompt_tokens),
    'output-tokens': (sum?.['output-tokens'] ?? 0) + countOf(sent.completion_tokens),
    'cached-tokens': 0,
    usd: sum?.usd === null || cost === null ? null : (sum?.usd ?? 0) + cost,
  };
}
