// The errors of the OpenAI API: status, headers, wording.
import type { Refusal, Reply } from './reply.ts';

/** An error response. */
export interface OpenaiRefusal {
  status: number;
  error: Record<string, unknown>;
  headers: Record<string, string>;
}

const invalid = 'invalid_request_error';

const table: Record<Refusal, { status: number; error: Record<string, unknown> }> = {
  '400': {
    status: 400,
    error: { type: invalid, message: 'The scripted model refuses this shape', code: null },
  },
  '401': {
    status: 401,
    error: { type: invalid, message: 'Incorrect API key provided: fake.', code: 'invalid_api_key' },
  },
  '403': {
    status: 403,
    error: {
      type: invalid,
      message: 'Your project does not have access to this model.',
      code: 'model_not_allowed',
    },
  },
  '404': {
    status: 404,
    error: { type: invalid, message: 'The model `scripted` does not exist.', code: 'model_not_found' },
  },
  '429': {
    status: 429,
    error: { type: 'requests', message: 'Rate limit reached for requests', code: 'rate_limit_exceeded' },
  },
  '500': { status: 500, error: { type: 'server_error', message: 'The server had an error', code: null } },
  '503': {
    status: 503,
    error: {
      type: 'service_unavailable_error',
      message: 'Our servers are overloaded.',
      code: 'server_is_overloaded',
    },
  },
  '529': { status: 529, error: { type: 'overloaded_error', message: 'Overloaded', code: null } },
  'context-overflow': {
    status: 400,
    error: {
      type: invalid,
      message: 'Your input exceeds the context window of this model.',
      code: 'context_length_exceeded',
    },
  },
  'credit-too-low': {
    status: 429,
    error: {
      type: 'insufficient_quota',
      message: 'You exceeded your current quota.',
      code: 'insufficient_quota',
    },
  },
  'usage-limit': {
    status: 429,
    error: { type: 'usage_limit_reached', message: 'The usage limit has been reached', plan_type: 'plus' },
  },
};

/** How the OpenAI API says this no. */
export function openaiRefusal(reply: Extract<Reply, { kind: 'refuse' }>): OpenaiRefusal {
  const { status, error } = table[reply.how];
  const headers: Record<string, string> = { 'x-request-id': 'req_scripted' };
  if (reply.retryAfter !== undefined) headers['retry-after'] = String(reply.retryAfter);
  if (reply.how !== 'usage-limit') return { status, error, headers };
  headers['x-codex-primary-used-percent'] = '100.0';
  headers['x-codex-primary-window-minutes'] = '300';
  headers['x-codex-primary-reset-at'] = String(reply.resetsAt);
  return { status, error: { ...error, resets_at: reply.resetsAt }, headers };
}
