/** Holds what help says beside what the commands themselves say: in which order, in which groups, and where more stands. */

/** The commands by what somebody is about to do; what stands in no group is shown in the last. */
export const GROUPS: readonly { readonly title: string; readonly commands: readonly string[] }[] = [
  { title: 'Start', commands: ['init', 'validate', 'plan', 'run', 'test'] },
  { title: 'Look', commands: ['runs', 'status', 'logs', 'diff', 'cost', 'trace'] },
  { title: 'Decide', commands: ['approve', 'reject', 'answer', 'pause', 'cancel'] },
  { title: 'Mend', commands: ['resume', 'retry', 'restore', 'apply'] },
  { title: 'Set up', commands: ['doctor', 'engines', 'completion', 'schema', 'gc', 'export', 'import'] },
];

/** What somebody needs who has never called it; those that there are. */
export const FIRST: readonly { readonly command: string; readonly line: string; readonly about: string }[] = [
  { command: 'init', line: 'codemachine init', about: 'write a first workflow' },
  { command: 'doctor', line: 'codemachine doctor', about: 'look whether git and the engines are there' },
  { command: 'run', line: 'codemachine run <workflow>', about: 'run it' },
];

/** The headings of flags in their order, with the flags below each; what stands nowhere comes first. */
export const FLAG_GROUPS: readonly { readonly title: string; readonly flags: readonly string[] }[] = [
  {
    title: 'Running',
    flags: ['detach', 'max-parallel', 'jobs', 'fail-fast', 'no-cache', 'record', 'replay', 'park'],
  },
  { title: 'Tree', flags: ['keep-tree', 'restore', 'head'] },
  {
    title: 'Output',
    flags: ['json', 'format', 'graph', 'junit', 'output', 'stat', 'conflict', 'verbose', 'follow', 'watch'],
  },
  { title: 'Common', flags: ['dry-run', 'yes', 'state-dir', 'help'] },
];

/** What stands for the value of a flag whose command does not say it. */
export const VALUES: Readonly<Record<string, string>> = {
  attempt: '<number>',
  budget: '<limits>',
  comment: '<text>',
  field: '<name=value>',
  file: '<name>',
  input: '<name=value>',
  inputs: '<file>',
  jobs: '<number>',
  limit: '<number>',
  'max-parallel': '<number>',
  only: '<glob>',
  option: '<option>',
  record: '<directory>',
  replay: '<directory>',
  skip: '<glob>',
};

/** What the exit codes mean that a command may end with. */
const RUNS = '0 succeeded, 1 failed, 2 refused, 3 parked, 4 canceled, 130 Ctrl-C';
const DECIDES = '0 decided, 2 refused; with --resume those of `run`';
const DONE = '0 done, 2 refused';
const JUDGED = '0 fine, 1 not, 2 refused';

/** Where more stands about a command: the exit codes, its neighbours, its page. */
export interface More {
  readonly exits: string;
  readonly see: readonly string[];
  readonly page: string;
}

/** About each command; one that is not here has only `DONE` to say. */
export const MORE: Readonly<Record<string, More>> = {
  answer: { exits: DECIDES, see: ['approve', 'reject', 'status'], page: 'docs/workflow.md#gates' },
  apply: { exits: '0 applied, 1 collided, 2 refused', see: ['diff'], page: 'docs/commands.md#apply' },
  approve: { exits: DECIDES, see: ['reject', 'answer', 'status'], page: 'docs/workflow.md#gates' },
  cancel: { exits: DONE, see: ['pause', 'resume'], page: 'docs/runs.md#stopping' },
  completion: { exits: DONE, see: [], page: 'docs/commands.md#completion' },
  cost: { exits: DONE, see: ['runs', 'status'], page: 'docs/commands.md#cost' },
  diff: { exits: DONE, see: ['restore', 'apply'], page: 'docs/commands.md#diff' },
  doctor: { exits: '0 runs can work, 1 they cannot', see: ['engines'], page: 'docs/commands.md#doctor' },
  engines: { exits: DONE, see: ['doctor'], page: 'docs/engines.md' },
  export: { exits: DONE, see: ['import'], page: 'docs/commands.md#export' },
  gc: { exits: '0 done, 1 something is left, 2 refused', see: ['runs'], page: 'docs/commands.md#gc' },
  import: { exits: DONE, see: ['export', 'resume'], page: 'docs/commands.md#import' },
  init: { exits: DONE, see: ['validate', 'run'], page: 'docs/templates.md' },
  logs: { exits: DONE, see: ['status', 'diff'], page: 'docs/runs.md' },
  pause: { exits: DONE, see: ['resume', 'cancel'], page: 'docs/runs.md#stopping' },
  plan: { exits: DONE, see: ['validate', 'run'], page: 'docs/workflow.md' },
  reject: { exits: DECIDES, see: ['approve', 'answer', 'status'], page: 'docs/workflow.md#gates' },
  restore: { exits: '0 done, 1 not all of it, 2 refused', see: ['diff'], page: 'docs/commands.md#restore' },
  resume: { exits: RUNS, see: ['retry', 'status'], page: 'docs/runs.md#resume' },
  retry: { exits: RUNS, see: ['resume', 'runs'], page: 'docs/runs.md' },
  run: { exits: RUNS, see: ['plan', 'resume', 'status'], page: 'docs/runs.md' },
  runs: { exits: DONE, see: ['status', 'gc'], page: 'docs/runs.md' },
  schema: { exits: DONE, see: ['validate'], page: 'docs/workflow.md' },
  status: { exits: DONE, see: ['logs', 'diff', 'resume'], page: 'docs/runs.md' },
  test: { exits: JUDGED, see: ['run', 'validate'], page: 'docs/testing.md' },
  validate: { exits: '0 valid, 2 it has mistakes', see: ['plan', 'test'], page: 'docs/validate.md' },
};

/** What is said of a command that is not there. */
export const NO_MORE: More = { exits: DONE, see: [], page: 'README.md' };
