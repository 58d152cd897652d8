/** Prints what a shell needs to complete command lines. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import { completionCommand, SHELLS, type Shell } from '../app/completion/completion.ts';

/** `codemachine completion [shell]` */
export default class Completion extends Command {
  static override readonly summary = 'Complete commands, workflows, runs and steps in your shell.';
  static override readonly description =
    'Prints a script to be sourced; without a shell it says the line to type in yours. What it offers is looked up each time, and nothing of the repository is started for it.';
  static override readonly examples = [
    { command: '<%= config.bin %> completion', description: 'what to type in this shell' },
    { command: '<%= config.bin %> completion bash', description: 'the script itself' },
    {
      command: '<%= config.bin %> completion zsh > ~/.zfunc/_codemachine',
      description: 'into a directory of your fpath',
    },
  ];
  static override readonly args = {
    shell: Args.custom<Shell>({ options: [...SHELLS] })({
      ignoreStdin: true,
      description: 'the shell; without it, what to type in yours',
    }),
  };

  override async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    process.exitCode = await completionCommand(args.shell, process.env);
  }
}
