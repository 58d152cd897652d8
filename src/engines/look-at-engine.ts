/** Looks at an engine from outside: whether it is signed in, whether its sandbox works. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Dialect, SignInFile } from './dialects/dialect.ts';
import { askEngine, engineEnv, type FindDeps } from './find-engine.ts';
import { passAdvice } from './turn-failure.ts';

/** Whether something was found that signs the engine in. */
export type SignedIn =
  | { readonly state: 'yes'; readonly by: string }
  | { readonly state: 'no'; readonly help: string }
  /** It may be, in a place that is not looked into. */
  | { readonly state: 'unknown'; readonly because: string };

/** Whether the commands of the engine can be confined here. */
export type SandboxState =
  | { readonly state: 'works' | 'none' | 'unknown' }
  | { readonly state: 'broken'; readonly message: string; readonly help: string };

/** What a look needs; `program` is the engine's, where it was found and may be started. */
export interface LookDeps extends FindDeps {
  readonly program?: string;
  readonly platform: string;
}

/**
 * Whether the engine is signed in, by what its attempts would find: variables, files, its own word where it gives that without the
 * network. Whether a key is good only a request tells.
 */
export async function lookForSignIn(dialect: Dialect, deps: LookDeps): Promise<SignedIn> {
  const { signIn } = dialect;
  const env = engineEnv(dialect, deps);
  const variable = signIn.variables.find((name) => (env[name] ?? '') !== '');
  if (variable !== undefined) return { state: 'yes', by: variable };
  const files = signIn.files(env);
  const file = files.find(holdsSignIn);
  if (file !== undefined) {
    const wanted = file.wants?.(textOf(file.path) ?? '');
    if (wanted === undefined || (env[wanted] ?? '') !== '') return { state: 'yes', by: file.path };
    const isSet = (deps.environ[wanted] ?? '') !== '';
    const help = isSet
      ? passAdvice(wanted, dialect.name)
      : `set \`${wanted}\`, and let it pass by \`engines.${dialect.name}.pass\` of your own configuration`;
    return { state: 'no', help: `${file.path} wants a key: ${help}` };
  }
  // Codex takes a file of its credentials for a sign-in, whatever is in it.
  const isEmpty = files.some(({ path, keys }) => keys.length > 0 && existsSync(path));
  if (signIn.ask !== undefined && deps.program !== undefined && !isEmpty) {
    const { end } = await askEngine(dialect, deps, deps.program, signIn.ask);
    if (end.exitCode === 0) return { state: 'yes', by: `\`${dialect.program} ${signIn.ask.join(' ')}\`` };
  }
  if (signIn.keychain === true && deps.platform === 'darwin')
    return { state: 'unknown', because: 'the keychain may have it, which is not looked into' };
  return { state: 'no', help: signIn.help };
}

/** A credential is a line or two; what is bigger is none, and is not read. In bytes. */
const BIGGEST = 4 * 1024 * 1024;

function textOf(path: string): string | undefined {
  try {
    // A pipe of that name would be waited on for ever.
    const file = statSync(path);
    return file.isFile() && file.size <= BIGGEST ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

function holdsSignIn({ path, keys, pattern }: SignInFile): boolean {
  const text = textOf(path);
  if (text === undefined) return false;
  try {
    if (pattern !== undefined) return pattern.test(text);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return false;
    const there = Object.entries(value).filter(([, one]) => one !== null && one !== '');
    return there.some(([key]) => keys.length === 0 || keys.includes(key));
  } catch {
    return false;
  }
}

/** What a sandbox says that cannot be made; other complaints are about something else. */
const CONFINING =
  /bwrap|bubblewrap|landlock|seccomp|namespace|uid map|permission denied|not permitted|sandbox-exec/i;

/** Whether the sandbox works that the engine has, by starting nothing in it that does anything. */
export async function lookAtSandbox(dialect: Dialect, deps: LookDeps): Promise<SandboxState> {
  if (dialect.capabilities.sandbox === 'none') return { state: 'none' };
  if (dialect.sandboxCheck === undefined || deps.program === undefined) return { state: 'unknown' };
  const { end, stderr } = await askEngine(dialect, deps, deps.program, dialect.sandboxCheck);
  if (end.exitCode === 0) return { state: 'works' };
  const lines = stderr.trim().split('\n');
  const command = `${dialect.program} ${dialect.sandboxCheck.join(' ')}`;
  const complaint = lines.find((line) => /^Error:? /i.test(line));
  if (complaint !== undefined && !CONFINING.test(stderr)) {
    const file = dialect.settings?.(engineEnv(dialect, deps));
    return {
      state: 'broken',
      // It quotes what it found there, which may be a key.
      message: `it cannot be told, as \`${command}\` failed: ${complaint.replace(/"[^"]*"/g, '"…"')}`,
      help: `correct that first${file === undefined ? '' : `; its configuration is ${file}`}: with it no attempt starts either`,
    };
  }
  return {
    state: 'broken',
    message: `\`${command}\` failed: ${lines.at(-1) || 'it said nothing'}`,
    help:
      deps.platform === 'linux'
        ? 'it needs namespaces of the user: let the kernel make them (user.max_user_namespaces, kernel.unprivileged_userns_clone; an AppArmor profile on Ubuntu; the seccomp profile of a container), or confine all of it and use `access: full`'
        : 'confine all of it, and use `access: full`',
  };
}
