// The errors of the Anthropic API: status, headers, wording.
import type { Refusal, Reply } from './reply.ts';

/** An error response. */
export interface AnthropicRefusal {
  status: number;
  type: string;
  message: string;
  headers: Record<string, string>;
}

const table: Record<Refusal, Omit<AnthropicRefusal, 'headers'>> = {
  '400': {
    status: 400,
    type: 'invalid_request_error',
    message: 'messages: the scripted model refuses this shape',
  },
  '401': { status: 401, type: 'authentication_error', message: 'invalid x-api-key' },
  '403': {
    status: 403,
    type: 'permission_error',
    message: 'Your API key does not have permission to use this resource.',
  },
  '404': { status: 404, type: 'not_found_error', message: 'model: scripted' },
  '429': {
    status: 429,
    type: 'rate_limit_error',
    message: 'Number of requests has exceeded your per-minute rate limit',
  },
  '500': { status: 500, type: 'api_error', message: 'Internal server error' },
  '503': { status: 503, type: 'api_error', message: 'Service unavailable' },
  '529': { status: 529, type: 'overloaded_error', message: 'Overloaded' },
  'context-overflow': {
    status: 400,
    type: 'invalid_request_error',
    message: 'prompt is too long: 1200000 tokens > 1000000 maximum',
  },
  'credit-too-low': {
    status: 400,
    type: 'invalid_request_error',
    message:
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade.',
  },
  'usage-limit': {
    status: 429,
    type: 'rate_limit_error',
    message: "This request would exceed your account's rate limit.",
  },
};

/** The headers by which a subscription's limit is told apart from a short rate limit. */
function limitHeaders(resetsAt: number): Record<string, string> {
  const unified = 'anthropic-ratelimit-unified';
  return {
    [`${unified}-status`]: 'rejected',
    [`${unified}-reset`]: String(resetsAt),
    [`${unified}-representative-claim`]: 'five_hour',
    [`${unified}-5h-status`]: 'rejected',
    [`${unified}-5h-reset`]: String(resetsAt),
    [`${unified}-5h-utilization`]: '1.0',
    [`${unified}-overage-status`]: 'rejected',
    [`${unified}-overage-disabled-reason`]: 'org_level_disabled',
  };
}

/** How the Anthropic API says this no. */
export function anthropicRefusal(reply: Extract<Reply, { kind: 'refuse' }>): AnthropicRefusal {
  const headers: Record<string, string> = {
    'request-id': 'req_scripted',
    ...(reply.retryAfter === undefined ? {} : { 'retry-after': String(reply.retryAfter) }),
    ...(reply.how === 'usage-limit' ? limitHeaders(reply.resetsAt) : {}),
  };
  return { ...table[reply.how], headers };
}
