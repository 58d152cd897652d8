/** Hands the command line to oclif. */
import { fileURLToPath } from 'node:url';
import { EXIT } from './model/exit.ts';

/**
 * Runs the command named by `argv` (without node and script). `root` is the directory of package.json.
 * Never rejects: what a command throws on purpose carries its exit code, everything else is a defect of ours.
 */
export async function main(argv: readonly string[], root: URL): Promise<void> {
  try {
    if (!(await validatePlainly(argv))) await runCommand(argv, root);
  } catch (error) {
    if (isMeant(error)) {
      const { handle } = await import('@oclif/core/handle');
      return handle(error);
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `${text}\nThis is a defect of codemachine, not of your workflow. Please report the lines above with the output of \`codemachine doctor\`.\n`,
    );
    process.exitCode = EXIT.defect;
  }
}

/** Editors and hooks validate at every save: without flags there is nothing to parse, and oclif would take most of the time. */
async function validatePlainly([command, ...files]: readonly string[]): Promise<boolean> {
  if (command !== 'validate' || files.some((file) => file.startsWith('-'))) return false;
  const { validateFiles } = await import('./app/validate.ts');
  process.exitCode = await validateFiles(files, 'text', false);
  return true;
}

async function runCommand(argv: readonly string[], root: URL): Promise<void> {
  const [{ run }, { settings }] = await Promise.all([
    import('@oclif/core/run'),
    import('@oclif/core/settings'),
  ]);
  // A project that has a tsconfig.json would otherwise make oclif look for TypeScript sources of ours.
  settings.enableAutoTranspile = false;
  await run([...argv], fileURLToPath(root));
}

function isMeant(error: unknown): error is Error & { readonly oclif: { readonly exit?: number } } {
  return error instanceof Error && 'oclif' in error && error.oclif !== undefined;
}
