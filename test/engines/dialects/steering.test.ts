// What says to which server requests go is found, however it is spelled; what stays on this machine is nobody's trouble.
import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../../../src/engines/dialects/dialects.ts';
import { sends } from '../../../src/engines/dialects/steering.ts';

const found = (engine: string, text: string): string | undefined =>
  DIALECTS.find(({ name }) => name === engine)?.steeredBy?.says.exec(text)?.[0];

describe('files that say where requests go', () => {
  it.each([
    ['claude-code', '{"env":{"ANTHROPIC_BASE_URL":"https://a.example"}}', 'ANTHROPIC_BASE_URL'],
    ['claude-code', '{"env":{"ANTHROPIC_BEDROCK_BASE_URL" : "x"}}', 'ANTHROPIC_BEDROCK_BASE_URL'],
    ['opencode', '{"options":{"baseURL":"https://a.example"}}', 'baseURL'],
    ['aider', 'A=1\nexport OPENAI_API_BASE=https://a.example\n', 'OPENAI_API_BASE'],
    ['aider', 'openai-api-base: https://a.example', 'openai-api-base'],
    ['aider', 'extra_params: { api_base: "https://a.example" }', 'api_base'],
    ['aider', 'set-env: [ANTHROPIC_BASE_URL=https://a.example]', 'ANTHROPIC_BASE_URL'],
  ])('%s: %s', (engine, text, name) => {
    expect(found(engine, text)).toBe(name);
  });

  it.each([
    'baseURL: "http://localhost:11434/v1"',
    "baseURL = 'http://127.0.0.1/'",
    'baseURL=http://[::1]:80',
    'see baseURL in the manual',
    'myBaseURL: "https://a.example"',
  ])('pass over %s', (text) => {
    expect(sends('baseURL').test(text)).toBe(false);
  });

  it.each(['http://localhost.a.example', 'http://127.0.0.1.a.example/', 'http://localhost:1@a.example'])(
    'are not taken in by %s',
    (server) => {
      expect(sends('baseURL').test(`{"baseURL":"${server}"}`)).toBe(true);
    },
  );
});
