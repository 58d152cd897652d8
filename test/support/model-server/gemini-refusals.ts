// The errors of the Gemini API: status, wording, details.
import type { Refusal, Reply } from './reply.ts';

/** An error response. */
export interface GeminiRefusal {
  status: number;
  error: { code: number; message: string; status: string; details?: Record<string, unknown>[] };
}

const type = (name: string) => `type.googleapis.com/google.rpc.${name}`;

const info = (reason: string) => ({
  '@type': type('ErrorInfo'),
  reason,
  domain: 'googleapis.com',
  metadata: { service: 'generativelanguage.googleapis.com' },
});

const quota = (quotaId: string) => ({ '@type': type('QuotaFailure'), violations: [{ quotaId }] });

const exhausted =
  'You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.';

type Answer = [code: number, status: string, message: string, details?: Record<string, unknown>[]];

const table: Record<Refusal, Answer> = {
  '400': [400, 'INVALID_ARGUMENT', 'The scripted model refuses this shape'],
  '401': [
    401,
    'UNAUTHENTICATED',
    'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
    [info('ACCESS_TOKEN_TYPE_UNSUPPORTED')],
  ],
  '403': [
    403,
    'PERMISSION_DENIED',
    "Method doesn't allow unregistered callers (callers without established identity).",
  ],
  '404': [404, 'NOT_FOUND', 'models/scripted is not found for API version v1beta, or is not supported.'],
  '429': [429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).'],
  '500': [500, 'INTERNAL', 'An internal error has occurred. Please retry or report in the troubleshooting.'],
  '503': [503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'],
  '529': [503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'],
  'context-overflow': [
    400,
    'INVALID_ARGUMENT',
    'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
  ],
  'credit-too-low': [429, 'RESOURCE_EXHAUSTED', `${exhausted} limit: 0`],
  'usage-limit': [
    429,
    'RESOURCE_EXHAUSTED',
    exhausted,
    [quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier')],
  ],
};

/** How the Gemini API says this no. */
export function geminiRefusal(reply: Extract<Reply, { kind: 'refuse' }>): GeminiRefusal {
  const [code, status, message, given] = table[reply.how];
  const retry =
    reply.retryAfter === undefined
      ? []
      : [{ '@type': type('RetryInfo'), retryDelay: `${reply.retryAfter}s` }];
  const details = [...(given ?? []), ...retry];
  return {
    status: code,
    error: { code, message, status, ...(details.length === 0 ? {} : { details }) },
  };
}
