/** Says what can be called, where something was called that there is not. */
import { nearest } from '../../workflow/suggest.ts';
import { findWorkflow } from '../find-workflow.ts';
import { locate } from '../place.ts';
import type { Refusal } from '../refusal.ts';
import { type Commands, namesOf } from './manifest.ts';

/** What others call a command, and how one's hand remembers it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  abort: 'cancel',
  accept: 'approve',
  again: 'retry',
  auth: 'doctor',
  changes: 'diff',
  check: 'validate',
  checkout: 'restore',
  clean: 'gc',
  continue: 'resume',
  costs: 'cost',
  create: 'init',
  delete: 'gc',
  deny: 'reject',
  exec: 'run',
  execute: 'run',
  explain: 'plan',
  graph: 'plan',
  history: 'runs',
  info: 'status',
  kill: 'cancel',
  launch: 'run',
  lint: 'validate',
  list: 'runs',
  log: 'logs',
  login: 'doctor',
  ls: 'runs',
  merge: 'apply',
  models: 'engines',
  new: 'init',
  output: 'logs',
  prune: 'gc',
  ps: 'runs',
  remove: 'gc',
  rerun: 'retry',
  revert: 'restore',
  rm: 'gc',
  rollback: 'restore',
  setup: 'init',
  show: 'status',
  start: 'run',
  stop: 'cancel',
  suspend: 'pause',
  tail: 'logs',
  templates: 'init',
  undo: 'restore',
  unpause: 'resume',
  usage: 'cost',
  verify: 'validate',
  wait: 'status',
};

/** Refuses a command that there is not; the most likely one is named. `words` are as they were typed. */
export function unknownCommand(words: readonly string[], commands: Commands): Refusal {
  const [word = '', next] = words;
  const message = `there is no command ${word}`;
  const names = namesOf(commands);
  const called = ELSEWHERE[word.toLowerCase()];
  const meant = called !== undefined && names.includes(called) ? called : nearest(word, names);
  const all = '`codemachine help` lists all commands';
  if (meant !== undefined) return { message, help: `did you mean \`codemachine ${meant}\`? ${all}` };
  if (word !== '' && isWorkflow(word))
    return { message, help: `did you mean \`codemachine run ${word}\`? ${all}` };
  if (word.startsWith('-') && next !== undefined && names.includes(next))
    return { message, help: `flags stand behind the command: \`codemachine ${next} ${word}\`` };
  return { message, help: `there are: ${names.join(', ')}` };
}

/** Whether there is a workflow of that name here. */
export function isWorkflow(name: string): boolean {
  try {
    return findWorkflow(locate({}, process.env), name).ok;
  } catch {
    return false;
  }
}
