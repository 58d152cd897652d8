// The recorded runs of the real engines: which scenario, how it is started, how it is kept.

import { dirname } from 'node:path';

import {
  codeModeModel,
  codexFlags,
  type Ended,
  type EngineEvent,
  plainModel,
  type Scratch,
} from '../support/drive.ts';
import type { ClaudeAuth } from '../support/model-server/environments.ts';

/** One run that is kept as `test/engines/streams/<engine>/<name>.jsonl`. */
export interface Recorded {
  name: string;
  prompt: string;
  flags?: string[];
  auth?: ClaudeAuth;
  env?: Record<string, string>;
  settings?: Record<string, unknown>;
  /** The prompt of a run before this one, whose session it resumes. */
  after?: string;
}

const schema =
  '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}';

const scenario = (name: string): Recorded => ({ name, prompt: `SCENARIO:${name}` });

const failures = ['401', '403', '404', '400', '429', '500', '503', '529'].map(scenario);

const others = [
  'context-overflow',
  'credit-too-low',
  'drop',
  'overload-in-stream',
  'refusal',
  'output-cut',
].map(scenario);

const common: Recorded[] = [
  scenario('text'),
  { name: 'resumed', prompt: 'SCENARIO:text {"say":"Again."}', after: 'SCENARIO:text' },
  scenario('thinking'),
  { name: 'edit', prompt: 'SCENARIO:edit {"path":"a.txt","content":"hi\\n"}' },
  { name: 'shell', prompt: 'SCENARIO:shell {"command":"echo hello"}' },
  ...failures,
  ...others,
];

/** Claude Code's runs. */
export const claudeRuns: Recorded[] = [
  ...common,
  { name: 'usage-limit', prompt: 'SCENARIO:usage-limit {"resets-at":1800000000}', auth: 'oauth' },
  {
    name: 'retried',
    prompt: 'SCENARIO:fail-then-ok {"times":1,"with":"529"}',
    env: { CLAUDE_CODE_MAX_RETRIES: '1' },
  },
  scenario('write-outside'),
  { name: 'denied', prompt: 'SCENARIO:shell {"command":"curl http://127.0.0.1:1/"}' },
  { name: 'schema', prompt: 'SCENARIO:schema {"answer":{"a":"x"}}', flags: ['--json-schema', schema] },
  {
    name: 'schema-retried',
    prompt: 'SCENARIO:schema-broken {"answer":{"a":"x"},"at-retry":1}',
    flags: ['--json-schema', schema],
  },
  { name: 'schema-exhausted', prompt: 'SCENARIO:schema-broken', flags: ['--json-schema', schema] },
  {
    name: 'schema-ignored',
    prompt: 'SCENARIO:schema-broken {"ignore":true}',
    flags: ['--json-schema', schema],
  },
  {
    name: 'max-turns',
    prompt: 'SCENARIO:loop',
    flags: ['--permission-mode', 'acceptEdits', '--max-turns', '2'],
  },
  { name: 'resume-unknown', prompt: 'hello', flags: ['--resume', '00000000-0000-4000-8000-000000000000'] },
];

// Codex counts the directories for temporary files as its workspace unless told not to.
const confined = ['slash_tmp', 'tmpdir_env_var'].flatMap((name) => [
  '-c',
  `sandbox_workspace_write.exclude_${name}=true`,
]);

const plain = ['-m', plainModel, '-s', 'workspace-write'];

/** Codex's runs: in code mode where the name does not say `plain`. */
export const codexRuns: Recorded[] = [
  ...common,
  { name: 'usage-limit', prompt: 'SCENARIO:usage-limit {"resets-at":1800000000}' },
  { name: 'schema', prompt: 'SCENARIO:schema {"answer":{"a":"x"}}' },
  { name: 'schema-broken', prompt: 'SCENARIO:schema-broken' },
  { name: 'retried', prompt: 'SCENARIO:fail-then-ok {"times":2,"with":"500"}' },
  { name: 'write-outside', prompt: 'SCENARIO:write-outside', flags: [...codexFlags, ...confined] },
  { name: 'shell-failed', prompt: 'SCENARIO:shell {"command":"echo no; exit 3"}' },
  {
    name: 'read-only',
    prompt: 'SCENARIO:edit {"path":"a.txt"}',
    flags: ['-m', codeModeModel, '-s', 'read-only'],
  },
  { name: 'edit-plain', prompt: 'SCENARIO:edit {"path":"a.txt","content":"hi\\n"}', flags: plain },
  { name: 'shell-plain', prompt: 'SCENARIO:shell {"command":"echo hello"}', flags: plain },
];

/** OpenCode's runs. What fails for a while takes it more than a minute each to give up. */
export const opencodeRuns: Recorded[] = [
  ...common,
  scenario('usage-limit'),
  { name: 'retried', prompt: 'SCENARIO:fail-then-ok {"times":1,"with":"500"}' },
  // It would ask whether it may, and stops where nobody answers.
  scenario('write-outside'),
  { name: 'shell-failed', prompt: 'SCENARIO:shell {"command":"echo no; exit 3"}' },
  {
    name: 'read-only',
    prompt: 'SCENARIO:edit {"path":"a.txt"}',
    env: { OPENCODE_PERMISSION: '{"edit":"deny","bash":"deny"}' },
  },
];

const once = { general: { maxAttempts: 1 } };

/** Gemini CLI's runs. It would try again for minutes. */
export const geminiRuns: Recorded[] = [
  ...common.map((run) =>
    run.name === 'shell' ? { ...run, flags: ['--approval-mode', 'yolo'] } : { ...run, settings: once },
  ),
  { ...scenario('usage-limit'), settings: once },
  { name: 'schema', prompt: 'SCENARIO:schema {"answer":{"a":"x"}}' },
  { name: 'schema-broken', prompt: 'SCENARIO:schema-broken' },
  { name: 'retried', prompt: 'SCENARIO:fail-then-ok {"times":1,"with":"500"}' },
  scenario('write-outside'),
  { name: 'denied', prompt: 'SCENARIO:shell {"command":"echo hello"}' },
  {
    name: 'max-turns',
    prompt: 'SCENARIO:edit {"path":"a.txt"}',
    settings: { model: { maxSessionTurns: 1 } },
  },
  { name: 'resume-unknown', prompt: 'hello', flags: ['--resume', '00000000-0000-4000-8000-000000000000'] },
];

/** The session of a run, as its first line names it. */
export function sessionOf(events: readonly EngineEvent[]): string {
  return String(events[0]?.session_id ?? events[0]?.thread_id ?? events[0]?.sessionID);
}

/** Replaces what differs from run to run or from machine to machine, the same thing by the same thing. */
export function sanitize(stdout: string, scratch: Scratch): string {
  const ids = new Map<string, string>();
  const stable = (id: string): string => {
    const known = ids.get(id) ?? `00000000-0000-4000-8000-${String(ids.size + 1).padStart(12, '0')}`;
    ids.set(id, known);
    return known;
  };
  const dashed = (path: string) => path.replaceAll(/[^a-zA-Z0-9]/g, '-');
  return (
    stdout
      .replaceAll(scratch.workspace, '/workspace')
      .replaceAll(dashed(scratch.workspace), '-workspace')
      .replaceAll(scratch.home, '/home/someone')
      .replaceAll(dirname(scratch.workspace), '/outside')
      .replaceAll(/127\.0\.0\.1:\d{4,5}/g, '127.0.0.1:4000')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, stable)
      // OpenCode's ids; of its sessions, messages, and their parts.
      .replaceAll(/\b(ses|msg|prt)_[0-9a-zA-Z]{26}\b/g, (id, kind: string) => `${kind}_${stable(id)}`)
      .replaceAll(/"(timestamp|start|end)":\d{13}/g, '"$1":1767225600000')
      .replaceAll(/"date":"[^"]*"/g, '"date":"Thu, 01 Jan 2026 00:00:00 GMT"')
      .replaceAll(/"timestamp":"[^"]*"/g, '"timestamp":"2026-01-01T00:00:00.000Z"')
      .replaceAll(/"((?:[a-z_]*_)?ms|durationMs)":\d+/g, '"$1":100')
      .replaceAll(/"messaging_socket_path":"[^"]*",?/g, '')
      .replaceAll(/"fast_mode_disabled_reason":"[^"]*",?/g, '')
  );
}

/** What stays the same from run to run: each event's kind, and how the last one ends. */
export function shapeOf(events: readonly EngineEvent[]): string[] {
  const shapes = events.map((event) => {
    const item = (event.item ?? {}) as { type?: string; status?: string };
    const message = (event.message ?? {}) as { content?: { type: string }[] };
    const content = Array.isArray(message.content) ? message.content.map((block) => block.type) : [];
    const ending = [event.is_error, event.terminal_reason, event.api_error_status, event.error].filter(
      (value) => ['boolean', 'string', 'number'].includes(typeof value),
    );
    const part = (event.part ?? {}) as { reason?: string; tool?: string; state?: { status?: string } };
    const error = event.error as { name?: string; data?: { statusCode?: number } } | undefined;
    const told = [part.reason, part.tool, part.state?.status, error?.name, error?.data?.statusCode];
    const gemini = [event.role, event.status, event.tool_name];
    const kinds = [event.type, event.subtype, item.type, item.status];
    const words = [...kinds, ...content, ...gemini, ...told, ...ending];
    return words.filter((word) => word !== undefined).join(' ');
  });
  // How often OpenCode says that it begins a step, which it tries again where the connection was cut, is a race between it and the cut.
  return shapes.filter((shape, at) => shape !== 'step_start' || shapes[at - 1] !== shape);
}

/** Reads a kept run back. */
export function readEvents(jsonl: string): EngineEvent[] {
  return jsonl.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as EngineEvent]));
}

/** How a run ended, as kept in `ends.json`. */
export function endOf({ code, signal }: Ended): number | string {
  return code ?? signal ?? 'unknown';
}
