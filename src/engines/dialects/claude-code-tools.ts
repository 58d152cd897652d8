/** Lists the tools that Claude Code has. */

/**
 * As its program lists them (version 2.1.328), which are more than an attempt is offered; then earlier names that it still takes
 * or lets pass in silence, and those of releases that a rule may be meant for
 * (https://code.claude.com/docs/en/settings#tools-available-to-claude).
 */
export const CLAUDE_TOOLS: readonly string[] = [
  ...['Read', 'Bash', 'Edit', 'Write', 'Grep', 'Glob', 'WebFetch', 'WebSearch', 'NotebookEdit', 'Agent'],
  ...['Artifact', 'AskUserQuestion', 'ClaudeDesign', 'CronCreate', 'CronDelete', 'CronList'],
  ...['EndConversation', 'EnterPlanMode', 'EnterWorktree', 'ExitPlanMode', 'ExitWorktree', 'ListAgents'],
  ...['ListMcpResourcesTool', 'LSP', 'Monitor', 'OfferChromeSetup', 'PowerShell', 'Projects'],
  ...['propose_skills', 'PushNotification', 'ReadMcpResourceDirTool', 'ReadMcpResourceTool'],
  ...['ReadNotifications', 'RemoteTrigger', 'ReportFindings', 'ScheduleWakeup', 'SendFeedback'],
  ...['SendMessage', 'SendUserFile', 'SendUserMessage', 'SetGoal', 'ShareOnboardingGuide'],
  ...['ShowOnboardingRolePicker', 'Skill', 'StructuredOutput', 'SubagentHandback', 'TaskCreate', 'TaskGet'],
  ...['TaskList', 'TaskStop', 'TaskUpdate', 'TodoWrite', 'ToolSearch', 'WaitForMcpServers', 'Workflow'],
  ...['Task', 'KillShell', 'KillBash', 'ListPeers', 'Brief', 'ListMcpResources', 'ReadMcpResource'],
  ...['ReadMcpResourceDir', 'ProposeGoal', 'TaskOutput', 'AgentOutput', 'AgentOutputTool', 'BashOutput'],
  ...['BashOutputTool', 'TeamCreate', 'TeamDelete', 'MultiEdit', 'NotebookRead', 'LS', 'TodoRead'],
  ...['SlashCommand', 'REPL', 'Config'],
];
