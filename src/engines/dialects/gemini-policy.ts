/** Writes the rules that hold Gemini CLI's tools, in the form of its policy engine. */
import type { PromptJob } from '../../model/ports.ts';
import { tomlText } from './toml.ts';

const READING = ['list_directory', 'read_file', 'read_many_files', 'glob', 'grep_search'];
const SHELL = 'run_shell_command';
const WRITING: ReadonlySet<string> = new Set(['write_file', 'replace', 'save_memory', 'activate_skill']);

/**
 * With nobody to ask, the tool that leaves its planning mode is allowed, and goes on without any confirmation
 * (`policies/plan.toml` in its package): a model would open everything for itself.
 */
const MODES = ['enter_plan_mode', 'exit_plan_mode'];

/** The names of its tools, as constants of its source give them (`…_TOOL_NAME` in `packages/core`, version 0.61.0). */
export const TOOL_NAMES: readonly string[] = [
  ...[...READING, SHELL, 'ShellTool', ...WRITING, ...MODES],
  ...['web_fetch', 'google_web_search', 'write_todos', 'ask_user', 'invoke_agent', 'complete_task'],
  ...['get_internal_docs', 'update_topic', 'list_mcp_resources', 'read_mcp_resource', 'take_snapshot'],
  ...['create', 'update', 'get', 'list'].map((what) => `tracker_${what}_task${what === 'list' ? 's' : ''}`),
  ...['tracker_add_dependency', 'tracker_visualize', 'search_file_content'],
];

/** A tool, with the beginning of the commands that it may be used for. */
const RULE = /^([\w*-]+)(?:\((.*)\))?$/s;

/** From 0 to 999 in its own terms; the highest one that fits a call decides. */
const PRIORITY = { nothingElse: 900, allowed: 910, denied: 920, always: 990 };

/**
 * The text of the policy file of an attempt. Given as one of an administrator it ranks above the user's own rules and above every
 * setting (https://geminicli.com/docs/reference/policy-engine, "Priority system and tiers").
 */
export function geminiPolicy({ access, tools }: Pick<PromptJob, 'access' | 'tools'>): string {
  const rules: string[] = [];
  if (access === 'read') {
    rules.push(rule(['*'], 'deny', PRIORITY.nothingElse), rule(READING, 'allow', PRIORITY.allowed));
  }
  for (const name of tools?.allow ?? []) {
    const parts = partsOf(name);
    if (parts !== undefined && (access !== 'read' || harmless(parts))) {
      rules.push(rule([parts.tool], 'allow', PRIORITY.allowed, conditionOf(parts)));
    }
  }
  for (const name of tools?.deny ?? []) {
    // What cannot be understood is not let through: then the tool is denied as a whole.
    const parts = partsOf(name) ?? { tool: name.replace(/\(.*$/s, '').trim() };
    rules.push(rule([parts.tool], 'deny', PRIORITY.denied, conditionOf(parts)));
  }
  rules.push(
    rule(MODES, 'deny', PRIORITY.always),
    rule(['write_file', 'replace'], 'deny', PRIORITY.always, OURS),
  );
  return rules.join('\n');
}

/** The arguments are matched as JSON whose pairs stand between NULs, so this is the path and not something in a text. */
const OURS = `argsPattern = ${tomlText('\\x00"file_path":"[^\\x00]*\\.codemachine[/"]')}`;

interface Parts {
  readonly tool: string;
  readonly start?: string;
}

function partsOf(text: string): Parts | undefined {
  const found = RULE.exec(text.trim());
  if (found === null) return undefined;
  const [, name = '', start] = found;
  const tool = name === 'ShellTool' ? SHELL : name;
  return { tool, ...(start === undefined ? {} : { start: start.trim() }) };
}

/** Only commands have a beginning that can be told. */
function conditionOf({ tool, start }: Parts): string | undefined {
  return tool === SHELL && start !== undefined && start !== ''
    ? `commandPrefix = ${tomlText(start)}`
    : undefined;
}

/** Under `read` a writing tool is not opened, a shell only for the commands that its rule names. */
function harmless({ tool, start }: Parts): boolean {
  if (tool === SHELL) return start !== undefined && /[^\s*:]/.test(start);
  return !tool.includes('*') && !WRITING.has(tool);
}

function rule(
  tools: readonly string[],
  decision: 'allow' | 'deny',
  priority: number,
  condition?: string,
): string {
  return [
    '[[rule]]',
    `toolName = [${tools.map(tomlText).join(', ')}]`,
    ...(condition === undefined ? [] : [condition]),
    `decision = "${decision}"`,
    `priority = ${priority}`,
    '',
  ].join('\n');
}
