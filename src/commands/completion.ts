/** Prints what a shell needs to complete command lines. */
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import { completionCommand, SHELLS, type Shell } from '../app/completion/completion.ts';

/** `codemachine completion [shell]` */
export default class Completion extends Command {
  static override readonly summary = 'Complete commands, workflows, runs and steps in your shell.';
  static override readonly examples = [
    '<%= config.bin %> completion',
    '<%= config.bin %> completion zsh > ~/.zfunc/_codemachine',
  ];
  static override readonly args = {
    shell: Args.custom<Shell>({ options: [...SHELLS] })({
      description: 'the shell; without it, what to type in yours',
    }),
  };

  override async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    process.exitCode = await completionCommand(args.shell, process.env);
  }
}
