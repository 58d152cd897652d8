/** Runs a workflow. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { STATE_DIR_FLAG } from '../app/place.ts';
import { detach } from '../app/runs/detach.ts';
import { runCommand } from '../app/runs/run-command.ts';
import { printPlan } from '../app/show-plan.ts';

/** `codemachine run <workflow>` */
export default class Run extends Command {
  static override readonly summary = 'Run a workflow: its steps, its agents, its checks.';
  static override readonly description =
    'The file is checked first, and nothing starts if it is wrong. Everything is recorded, so that `codemachine resume` can go on after Ctrl-C, a crash or a limit.';
  static override readonly examples = [
    {
      command: '<%= config.bin %> run fix-issue --input issue=42',
      description: '.codemachine/workflows/fix-issue.yml',
    },
    { command: '<%= config.bin %> run fix-issue --plan', description: 'show what would run, and stop' },
    { command: '<%= config.bin %> run ci.yml --json > events.jsonl', description: 'a file, for programs' },
    {
      command: '<%= config.bin %> run demo.yml --replay recordings/demo',
      description: 'with recorded answers: no engine, no key',
    },
  ];
  static override readonly args = {
    workflow: Args.string({
      ignoreStdin: true,
      description: 'path, or name in .codemachine/workflows',
      required: true,
    }),
  };
  static override readonly flags = {
    input: Flags.string({
      char: 'i',
      description: 'an input: name=value, or name=@file',
      multiple: true,
      multipleNonGreedy: true,
    }),
    inputs: Flags.string({ description: 'a JSON file with inputs' }),
    plan: Flags.boolean({ description: 'show the plan and stop' }),
    detach: Flags.boolean({ description: 'go on in the background and print the run id' }),
    junit: Flags.string({
      description: 'write JUnit XML to this file besides, each execution of a step a test case',
      helpValue: '<file>',
    }),
    json: Flags.boolean({
      description: 'print events, one per line; with --plan or --detach one JSON object',
    }),
    verbose: Flags.boolean({ char: 'v', description: 'show what agents think and call' }),
    'max-parallel': Flags.integer({ description: 'how many steps run at once', min: 1 }),
    'fail-fast': Flags.boolean({ description: 'start no new step once one has failed' }),
    'no-cache': Flags.boolean({ description: 'make every step, even where its result is in the cache' }),
    only: Flags.string({
      description: 'only steps whose id fits this glob',
      multiple: true,
      multipleNonGreedy: true,
    }),
    skip: Flags.string({
      description: 'all but the steps whose id fits this glob',
      multiple: true,
      multipleNonGreedy: true,
    }),
    record: Flags.string({
      description: 'keep what agents are asked and answer in this directory',
      exclusive: ['replay'],
    }),
    replay: Flags.string({ description: 'answer for the agents from this directory' }),
    park: Flags.boolean({
      description:
        'park rather than wait when all that is left waits for a quota; the default in GitHub Actions',
      allowNo: true,
    }),
    yes: Flags.boolean({ char: 'y', description: 'answer our own questions with yes; never a gate' }),
    'state-dir': Flags.string(STATE_DIR_FLAG),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Run);
    if (flags.plan) {
      process.exitCode = await printPlan(args.workflow, {
        graph: flags.json ? 'json' : 'text',
        ...{ input: flags.input, inputs: flags.inputs },
        only: flags.only,
        skip: flags.skip,
      });
      return;
    }
    if (flags.detach) {
      process.exitCode = await detach(this.argv, flags.json);
      return;
    }
    process.exitCode = await runCommand({
      workflow: args.workflow,
      stateDir: flags['state-dir'],
      park: flags.park,
      ...{ input: flags.input ?? [], inputs: flags.inputs, json: flags.json, verbose: flags.verbose },
      junit: flags.junit,
      flags: {
        ...(flags['max-parallel'] === undefined ? {} : { maxParallel: flags['max-parallel'] }),
        ...(flags['fail-fast'] ? { failFast: true } : {}),
        ...(flags['no-cache'] ? { noCache: true } : {}),
        ...(flags.only === undefined ? {} : { only: flags.only }),
        ...(flags.skip === undefined ? {} : { skip: flags.skip }),
        ...(flags.record === undefined ? {} : { record: flags.record }),
        ...(flags.replay === undefined ? {} : { replay: flags.replay }),
      },
    });
  }
}
