/** Says in OpenCode's terms what an attempt may do. */
import type { PromptJob } from '../../model/ports.ts';

type Action = 'allow' | 'ask' | 'deny';

/** Of several rules that fit, the last one holds: the order of the keys matters, and that of the patterns. */
export type Permissions = Record<string, Action | Record<string, Action>>;

/** What looks and changes nothing. */
const READING = ['read', 'grep', 'glob', 'list', 'lsp', 'skill', 'todowrite'];

/** Tools that write or start something. `task` starts an agent of its own, whose words, doings and cost its output leaves out. */
const WRITING = new Set(['edit', 'bash', 'task']);

/** Tools that are asked for by the permission of another one. */
const SAME: Readonly<Record<string, string>> = {
  write: 'edit',
  patch: 'edit',
  multiedit: 'edit',
  apply_patch: 'edit',
};

/** The permission that a tool asks for. */
export function permissionOf(tool: string): string {
  return SAME[tool] ?? tool;
}

/** Keys lie in such files, and the engine itself would ask before it reads one. */
const KEY_FILES = { '*': 'allow', '*.env': 'deny', '*.env.*': 'deny', '*.env.example': 'allow' } as const;

/** What nobody is there to answer, or nobody could see. */
const NEVER = ['question', 'plan_enter', 'plan_exit', 'task'];

/**
 * The rules of the agent that makes the attempt: they come after its defaults and after those of the user. Nothing that is asked
 * by default is left to be asked; a question of the user's own is answered by `--auto`, except under read, where these are all.
 * @param root the workspace's root; absolute
 */
export function permissions(job: PromptJob, root: string): Permissions {
  const reads = job.access === 'read';
  const rules: Permissions = reads ? { '*': 'deny', ...Object.fromEntries(READING.map(allowed)) } : {};
  rules.doom_loop = 'allow';
  if (job.access === 'full') Object.assign(rules, { external_directory: 'allow', read: 'allow' });
  else Object.assign(rules, { external_directory: within(root), read: { ...KEY_FILES } });
  for (const server of Object.keys(job.mcp ?? {})) rules[`${toolName(server)}_*`] = 'allow';
  for (const rule of job.tools?.allow ?? []) add(rules, rule, 'allow', reads);
  // Its patterns are relative to the repository, or to `/` outside of one.
  if (!reads) putLast(rules, 'edit', { ...patternsOf(rules.edit ?? 'allow'), '*.codemachine/*': 'deny' });
  if (job.network !== undefined)
    for (const tool of ONLINE) putLast(rules, tool, job.network === 'on' ? 'allow' : 'deny');
  for (const name of NEVER) putLast(rules, name, 'deny');
  for (const rule of job.tools?.deny ?? []) add(rules, rule, 'deny', false);
  return rules;
}

/** Tools that reach the network by themselves. */
const ONLINE = ['webfetch', 'websearch', 'codesearch'];

/** Every name that a rule may begin with: tools, and the permissions that they ask for. */
export const TOOL_NAMES: readonly string[] = [
  ...new Set([...READING, ...WRITING, ...Object.keys(SAME), ...NEVER, ...ONLINE]),
  ...['todoread', 'batch', 'external_directory', 'doom_loop'],
];

function allowed(tool: string): [string, Action] {
  return [tool, 'allow'];
}

function within(root: string): Record<string, Action> {
  return { '*': 'deny', [`${root}/*`]: 'allow' };
}

/** As the engine names the tools of an MCP server. */
function toolName(server: string): string {
  return server.replace(/[^a-zA-Z0-9_-]/g, '_');
}

/** One tool, with what it may be used for: `bash(git log *)`. */
const RULE = /^([\w*-]+)(?:\((.+)\))?$/s;

/** Where a command line writes into a file; such commands have the same name as those that do not. */
const REDIRECTS = '*>*';

function add(rules: Permissions, rule: string, action: Action, harmless: boolean): void {
  const [, tool, pattern = '*'] = RULE.exec(rule.trim()) ?? [];
  if (tool === undefined) return;
  const name = permissionOf(tool);
  if (harmless && !opensLittle(name, pattern)) return;
  if (pattern === '*') {
    putLast(rules, name, action);
    return;
  }
  const patterns = patternsOf(rules[name]);
  delete patterns[pattern];
  patterns[pattern] = action;
  if (name === 'bash' && harmless) {
    delete patterns[REDIRECTS];
    patterns[REDIRECTS] = 'deny';
  }
  putLast(rules, name, name === 'bash' && harmless ? { '*': 'deny', ...patterns } : patterns);
}

/** Under `read` a writing tool is not opened, a shell only for the commands that its rule names. */
function opensLittle(name: string, pattern: string): boolean {
  if (name.includes('*')) return false;
  return !WRITING.has(name) || (name === 'bash' && /[^*?\s]/.test(pattern));
}

function patternsOf(rule: Permissions[string] | undefined): Record<string, Action> {
  if (rule === undefined) return {};
  return typeof rule === 'string' ? { '*': rule } : { ...rule };
}

/** A key that stands there already would keep its place among the others. */
function putLast(rules: Permissions, name: string, rule: Permissions[string]): void {
  delete rules[name];
  rules[name] = rule;
}
