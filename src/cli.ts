/** Hands the command line to oclif. */
import { fileURLToPath } from 'node:url';
import type { Command } from '@oclif/core/command';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { answer, answerError, readBy } from './app/programs.ts';
import { EXIT } from './model/exit.ts';

/** The commands by name, where they are in the bundle that this is in. */
export type Commands = Readonly<Record<string, () => Promise<{ readonly default: Command.Class }>>>;

/**
 * Runs the command named by `argv` (without node and script). `root` is the directory of package.json. A command of `commands` is
 * started at once; oclif searches its directory for all others.
 * Never rejects: what oclif cannot read is a misuse, which is explained; everything else that is thrown is a defect of ours.
 */
export async function main(argv: readonly string[], root: URL, commands: Commands = {}): Promise<void> {
  // A project that has a tsconfig.json would otherwise make oclif look for TypeScript sources of ours.
  settings.enableAutoTranspile = false;
  // Who listened may be gone: a closed terminal, `| head`. Unheard, the error would end a run in the middle, its children too.
  for (const out of [process.stdout, process.stderr]) out.on('error', () => undefined);
  readBy(argv);
  if (!isSomewhere()) {
    const [message, help] = [
      'the current directory is gone',
      'change to one that is there, and call it again',
    ] as const;
    process.stderr.write(`codemachine: ${message}: ${help}\n`);
    process.exitCode = EXIT.refused;
    return answerError({ code: 'refused', message, help, exit: EXIT.refused });
  }
  try {
    const about = await helpAsked(argv);
    if (about === undefined) return await start([...argv], fileURLToPath(root), commands);
    const { showHelp } = await import('./app/usage/show-help.ts');
    process.exitCode = await showHelp(about, fileURLToPath(root));
  } catch (error) {
    if (isMeant(error)) {
      const { sayMisuse } = await import('./app/usage/say.ts');
      process.exitCode = await sayMisuse(error, argv, fileURLToPath(root));
      return;
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const { harmless } = await import('./app/print.ts');
    process.stderr.write(
      `${harmless(text, process.stderr, process.env)}\nThis is a defect of codemachine, not of your workflow. Please report the lines above with the output of \`codemachine doctor\`.\n`,
    );
    process.exitCode = EXIT.defect;
    answerError({
      code: 'defect',
      message: error instanceof Error ? error.message : text,
      help: 'report it with what standard error says and with the output of `codemachine doctor`',
      exit: EXIT.defect,
    });
  }
}

async function start(words: string[], root: string, commands: Commands): Promise<void> {
  const [name = '', ...rest] = words;
  if (name === '--version' && rest.includes('--json')) return answerVersion();
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) return void (await run(words, root));
  const { default: command } = await load();
  // As oclif does when it has found one; its messages name it.
  command.id = name;
  await command.run(rest, root);
}

async function answerVersion(): Promise<void> {
  const { VERSION: version } = await import('./app/version.ts');
  answer({ version, node: process.versions.node, platform: process.platform, arch: process.arch });
}

/** A shell stays in a directory that somebody deleted. */
function isSomewhere(): boolean {
  try {
    process.cwd();
    return true;
  } catch {
    return false;
  }
}

/** The command that help is asked about, '' for the program; undefined where none is asked for. */
async function helpAsked([name = '', ...rest]: readonly string[]): Promise<string | undefined> {
  if (['', 'help', '--help', '-h'].includes(name)) return rest.find((word) => !word.startsWith('-')) ?? '';
  const end = rest.indexOf('--');
  const flags = end === -1 ? rest : rest.slice(0, end);
  if (flags.includes('--help') || flags.includes('-h')) return name;
  if (rest.length !== 1 || rest[0] !== 'help') return undefined;
  const { isWorkflow } = await import('./app/usage/unknown-command.ts');
  return isWorkflow('help') ? undefined : name;
}

/** What oclif throws says that a command line cannot be read; everything else is ours. */
function isMeant(error: unknown): error is Error {
  return error instanceof Error && 'oclif' in error && error.oclif !== undefined;
}
