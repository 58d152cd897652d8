/** Writes what stands beside a first workflow. */
import { runGit } from '../../engines/process.ts';
import { userEnvironment } from '../../workspace/git.ts';
import type { Place } from '../place.ts';

export const CONFIG_FILE = '.codemachine/config.yml';

export const IGNORE_FILE = '.codemachine/.gitignore';

/** What keeps the runs of one machine out of commits. */
export const IGNORE_TEXT = `# Workflows and settings are for everybody; runs stay on the machine that made them.
/state/
`;

/**
 * The settings of the repository.
 * @param engine the one that is to do what no step names an engine for; undefined where none was found
 */
export function configText(engine: string | undefined): string {
  const head = `# What holds in this repository. Your own settings, in ~/.config/codemachine/config.yml, win over it.
# \`codemachine schema config\` prints all that can be said here.
`;
  if (engine === undefined)
    return `${head}
# No engine was found when this was written. Where a step names none, it takes this one:
# defaults: { engine: claude-code }
`;
  return `${head}
defaults:
  engine: ${engine} # of steps that name none
`;
}

/** Nothing that the repository names is started. */
const CALM = ['-c', 'core.fsmonitor=false'] as const;

/** Whether git leaves a file out of commits, and by which rule: \`.gitignore:3: *.yml\`. */
export async function ignoredBy({ root, hasGit }: Place, name: string): Promise<string | undefined> {
  if (!hasGit) return undefined;
  const { code, stdout } = await runGit([...CALM, 'check-ignore', '--verbose', '--no-index', '--', name], {
    cwd: root,
    env: userEnvironment(process.env),
  });
  if (code !== 0) return undefined;
  const [rule = ''] = Buffer.from(stdout).toString().split('\t');
  const [, where = '', pattern = ''] = /^(.*:\d+):(.*)$/.exec(rule) ?? [];
  // What is taken out of an ignored directory again is told too.
  return pattern.startsWith('!') ? undefined : `${where}, \`${pattern}\``;
}
