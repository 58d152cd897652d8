/** Tests workflows without starting an engine. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { TEST_FORMATS, type TestFormat, testCommand } from '../app/testing/command.ts';

/** `codemachine test [files…]` */
export default class Test extends Command {
  static override readonly summary = 'Test workflows by written or recorded answers, without engines.';
  static override readonly strict = false;
  static override readonly description =
    'Each test names a workflow, its inputs, what agents answer, and what must hold.';
  static override readonly examples = [
    { command: '<%= config.bin %> test', description: 'all below .codemachine' },
    {
      command: '<%= config.bin %> test .codemachine/tests/fix-issue.test.yml --only "asks *"',
      description: 'some of one file',
    },
    { command: '<%= config.bin %> test --junit report.xml', description: 'for CI' },
  ];
  static override readonly args = {
    files: Args.string({
      ignoreStdin: true,
      description: 'test files, or directories with files that end in .test.yml; default: .codemachine',
      required: false,
    }),
  };
  static override readonly flags = {
    format: Flags.custom<TestFormat>({ options: [...TEST_FORMATS] })({
      description: 'how to print',
      default: 'text',
    }),
    json: Flags.boolean({
      description: 'print one JSON object, as `--format json` does',
      exclusive: ['format'],
    }),
    junit: Flags.string({ description: 'write JUnit XML to this file besides', helpValue: '<file>' }),
    only: Flags.string({
      description: 'only tests whose name fits this glob',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'fail-fast': Flags.boolean({ description: 'start no new test once one has failed' }),
    jobs: Flags.integer({ char: 'j', description: 'how many tests run at once', min: 1 }),
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Test);
    process.exitCode = await testCommand(argv as string[], {
      format: flags.json ? 'json' : flags.format,
      junit: flags.junit,
      only: flags.only,
      failFast: flags['fail-fast'],
      jobs: flags.jobs,
    });
  }
}
