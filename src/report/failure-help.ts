/** Says what to do about a failure that brings no advice of its own. */
import type { Failure, FailureReason } from '../model/failure.ts';

/** What to do, by why it failed. What an engine or a step says of itself is better, and is asked before. */
const ADVICE: Readonly<Record<FailureReason, string>> = {
  condition: 'correct the expression in the workflow, then resume with that',
  body: 'see to the step inside of it that failed',
  exhausted: 'raise `max`, or say `on-exhausted: continue`',
  require: 'make true what `require` asks for, then resume',
  checks: 'see which check dropped the candidates: each is a step above',
  replay: 'record again with `--record`, or undo what changed the question',
  'exit-code': 'mend it, then resume: what has succeeded is not made again',
  signal: 'see who ended it: often a lack of memory, or a person',
  timeout: 'raise `timeout` if it needs longer',
  'idle-timeout': 'raise `idle-timeout` if it needs longer to think',
  spawn: '`codemachine doctor` says what is missing, and where to get it',
  auth: '`codemachine doctor` says how the engine is signed in',
  quota: 'resume when it serves again, or name a second engine',
  'rate-limit': 'lower `max-parallel`, or give the step more `retry` attempts',
  overloaded: 'resume later, or name a second engine to fall back on',
  network: 'check the connection and the proxy, then resume',
  'context-overflow': 'shorten the prompt, split the step, or begin a new session',
  refused: 'rephrase the prompt, or choose another `model`',
  'output-cut': 'ask for less in one step',
  output: 'say in the prompt what the answer holds, or loosen `output`',
  budget: 'raise it with `--budget`, or in the workflow',
  turns: 'raise `max-turns`, or ask for less in one step',
  model: 'name a model under `model` that your account may use',
  denied: 'raise `access`, or list what it may use under `tools.allow`',
  rejected: 'change what was rejected, then resume: the gate asks again',
  'merge-conflict': 'merge it by hand, or have it made again',
  artifacts: 'make the files in this step, or mend its `artifacts`',
  interrupted: 'resume: the attempt that was cut off is made again',
  config: 'correct what the message names, then resume',
  internal: 'resume: it is made again; `codemachine doctor` looks for causes',
};

/** What helps commands where agents are told something else. */
const TO_COMMANDS: Partial<typeof ADVICE> = {
  'exit-code': 'mend it, then resume; with `--updated` if you mend the workflow',
  output: 'write what `outputs` promises, as lines of `name=value`',
};

/** What to do about it: its own advice, or what helps with this reason in general. @param kind of the step */
export function adviceFor({ reason, help }: Failure, kind: string | undefined): string {
  return help ?? (kind === 'run' ? TO_COMMANDS[reason] : undefined) ?? ADVICE[reason];
}
