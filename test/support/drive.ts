// Starts a real engine CLI against the scripted model, without codemachine in between.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { engineBinary, type PinnedEngine } from './engines.ts';
import {
  type ClaudeAuth,
  claudeEnv,
  codexHome,
  geminiEnv,
  opencodeEnv,
} from './model-server/environments.ts';
import type { ModelServer } from './model-server/model-server.ts';

/** A scratch home and workspace, both absolute and real. */
export interface Scratch {
  home: string;
  workspace: string;
  remove(): void;
}

/** Makes empty scratch directories. */
export function makeScratch(): Scratch {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'codemachine-engine-')));
  const scratch = { home: join(root, 'home'), workspace: join(root, 'workspace') };
  mkdirSync(scratch.home);
  mkdirSync(scratch.workspace);
  return { ...scratch, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** One line of an engine's stdout. */
export type EngineEvent = Record<string, unknown> & { type: string };

/** How an engine's process ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  events: EngineEvent[];
  stdout: string;
  stderr: string;
}

/** What to start. */
export interface Drive {
  server: ModelServer;
  scratch: Scratch;
  prompt: string;
  /** Flags beyond the ones every run needs. */
  flags?: string[];
  auth?: ClaudeAuth;
  /** What stands in Gemini CLI's settings beside its sign-in. */
  settings?: Record<string, unknown>;
  /** Variables beyond the ones every run needs. */
  env?: Record<string, string>;
}

/** A started engine: its process id, its end, and a way to end it. */
export interface Driven {
  pid: number;
  ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

function start(engine: PinnedEngine, flags: string[], env: Record<string, string>, drive: Drive): Driven {
  const binary = engineBinary(engine);
  if (binary.path === undefined) throw new Error(binary.reason);
  const child = spawn(binary.path, flags, {
    cwd: drive.scratch.workspace,
    env: { ...env, ...drive.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // An engine that refuses its flags is gone before it reads: the broken pipe says nothing its exit does not.
  child.stdin.on('error', () => undefined);
  child.stdin.end(drive.prompt);
  const closed = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(
    ([end, stdout, stderr]) => {
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
      return { ...end, stdout, stderr, events: lines.map((line) => JSON.parse(line) as EngineEvent) };
    },
  );
  return { pid: child.pid ?? 0, ended, kill: (signal) => child.kill(signal) };
}

/** What `driveClaude` allows unless told otherwise. */
export const claudeFlags = ['--permission-mode', 'acceptEdits', '--permission-prompts', 'none'];

/** Starts Claude Code, allowed to write in the workspace unless the flags say otherwise. */
export function driveClaude(drive: Drive): Driven {
  const always = ['-p', '--output-format', 'stream-json', '--verbose'];
  const flags = drive.flags ?? claudeFlags;
  const env = claudeEnv(drive.server, drive.scratch.home, drive.auth);
  return start('claude-code', [...always, ...flags], env, drive);
}

/** A model Codex calls in code mode. */
export const codeModeModel = 'gpt-6.1-sol';

/** A model Codex does not know, which it gives plain function tools. */
export const plainModel = 'scripted';

/** What `driveCodex` allows unless told otherwise. */
export const codexFlags = ['-m', codeModeModel, '-s', 'workspace-write'];

/** Starts Codex, allowed to write in the workspace unless the flags say otherwise. */
export function driveCodex(drive: Drive): Driven {
  const always = ['exec', '--json', '--skip-git-repo-check'];
  const flags = drive.flags ?? codexFlags;
  return start('codex', [...always, ...flags, '-'], codexHome(drive.server, drive.scratch.home), drive);
}

/** What `driveOpencode` allows unless told otherwise: what the engine itself would ask about is refused by nobody being there. */
export const opencodeFlags = ['--title', 'recorded'];

/** Starts OpenCode, allowed to write in the workspace unless the flags say otherwise. */
export function driveOpencode(drive: Drive): Driven {
  const always = ['run', '--format', 'json', '--thinking'];
  const flags = drive.flags ?? opencodeFlags;
  return start('opencode', [...always, ...flags], opencodeEnv(drive.server, drive.scratch.home), drive);
}

/** What `driveGemini` allows unless told otherwise. */
export const geminiFlags = ['--approval-mode', 'auto_edit'];

/** Starts Gemini CLI, allowed to write in the workspace unless the flags say otherwise. */
export function driveGemini(drive: Drive): Driven {
  const flags = ['--skip-trust', '-o', 'stream-json', ...(drive.flags ?? geminiFlags)];
  const env = geminiEnv(drive.server, drive.scratch.home, drive.settings);
  return start('gemini', flags, { ...env, GEMINI_CLI_NO_RELAUNCH: 'true', NO_COLOR: '1' }, drive);
}
