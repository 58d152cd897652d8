/** Says what to do about a failure that brings no advice of its own. */
import type { Failure, FailureReason } from '../model/failure.ts';

/** What to do, by why it failed. What an engine or a step says of itself is better, and is asked before. */
export const ADVICE: Readonly<Record<FailureReason, string>> = {
  condition: 'correct the expression in the workflow, then go on with that',
  body: 'see to the step inside of it that failed',
  exhausted: 'raise `max`, or say `on-exhausted: continue` where the last iteration is good enough',
  require: 'make true what `require` asks for, then go on: it is looked at again',
  checks: 'see which check dropped the candidates: each is a step of its own above',
  replay: 'record again with `--record`, or undo what changed the question',
  'exit-code': 'mend what it complains about, then go on: what has succeeded is not made again',
  signal: 'see who ended it: often a lack of memory, or a person',
  timeout: 'raise `timeout` if it needs longer',
  'idle-timeout': 'raise `idle-timeout` if it needs longer to think, or give it more `retry` attempts',
  spawn: '`codemachine doctor` says what is missing and how it is installed',
  auth: '`codemachine doctor` says how the engine is signed in',
  quota: 'wait until it serves again, add credit, or name a second engine to fall back on',
  'rate-limit': 'lower `max-parallel`, or give the step more `retry` attempts',
  overloaded: 'go on later, give the step more `retry` attempts, or name a second engine to fall back on',
  network: 'check the connection and the proxy, then go on',
  'context-overflow': 'shorten the prompt, split the step, or begin a new session',
  refused: 'rephrase the prompt, or choose another `model`',
  'output-cut': 'ask for less in one step',
  output: 'say in the prompt what the answer should hold, or loosen what `output` asks for',
  budget: 'raise it with `--budget` when you go on, or in the workflow',
  turns: 'raise `max-turns`, or ask for less in one step',
  model: 'name a model under `model` that your account may use',
  denied: 'raise `access`, or list what it may use under `tools.allow`',
  rejected: 'change what was rejected; when the run goes on, the gate asks again',
  'merge-conflict': 'merge it by hand and go on with `--resolved`, or have it made again',
  artifacts: 'make the files in this step, or mend its `artifacts`',
  interrupted: 'go on: the attempt that was cut off is made again',
  config: 'correct what the message names, then go on',
  internal:
    'go on: it is made again; `codemachine doctor` looks whether something is wrong with this machine',
};

/** What to do about it: its own advice, or what helps with this reason in general. */
export function adviceFor({ reason, help }: Failure): string {
  return help ?? ADVICE[reason];
}
