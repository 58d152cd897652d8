/** Lists the keys of every mapping of the language, as the schemas do; a test holds them equal. */

/** A mapping of the schema: what it is called in messages, and its keys. */
export interface Owner {
  readonly words: string;
  readonly keys: readonly string[];
}

const LIMITS = ['timeout', 'idle-timeout', 'retry'] as const;
const ENGINE = [
  'engine',
  'model',
  'effort',
  'access',
  'network',
  'tools',
  'mcp',
  'system',
  'max-turns',
  'budget',
  'on-quota',
  'quota-wait',
] as const;

/** The keys that make a step what it is. */
export const KIND_KEYS = ['run', 'prompt', 'prompt-file', 'loop', 'gate', 'reduce', 'uses'] as const;
export type Kind = Exclude<(typeof KIND_KEYS)[number], 'prompt-file'>;

/** The keys that only steps of some kinds have. */
export const KEYS_OF_KINDS: Readonly<Record<string, readonly Kind[]>> = {
  shell: ['run'],
  outputs: ['run'],
  agent: ['prompt'],
  ...Object.fromEntries(ENGINE.map((key) => [key, ['prompt'] as const])),
  'idle-timeout': ['prompt'],
  session: ['prompt'],
  output: ['prompt'],
  undo: ['prompt'],
  with: ['uses'],
  concurrency: ['run', 'prompt'],
  matrix: ['run', 'prompt', 'loop', 'uses'],
  // Nothing else makes attempts, or works in a tree.
  ...Object.fromEntries(
    ['working-directory', 'workspace', 'artifacts', 'cache'].map((key) => [key, ['run', 'prompt'] as const]),
  ),
  timeout: ['run', 'prompt', 'reduce'],
  retry: ['run', 'prompt', 'reduce'],
};

const STEP: Owner = {
  words: 'a step',
  keys: [
    ...['id', 'name', 'needs', 'if', 'env', 'working-directory', ...LIMITS, 'continue-on-error'],
    ...[
      'matrix',
      'workspace',
      'artifacts',
      'cache',
      'concurrency',
      'run',
      'shell',
      'outputs',
      'prompt',
      'prompt-file',
      'agent',
    ],
    ...[...ENGINE, 'session', 'output', 'undo', 'loop', 'gate', 'reduce', 'uses', 'with'],
  ],
};

const SHARED: Readonly<Record<string, Owner>> = {
  retry: { words: '`retry`', keys: ['attempts', 'delay', 'backoff', 'max-delay', 'on'] },
  budget: { words: '`budget`', keys: ['usd', 'tokens', 'time', 'on-exceed', 'allow-unknown-cost'] },
};

/** The mappings of `workflow.schema.json` by the key they stand at, or what is listed there; the workflow itself is `''`. */
export const WORKFLOW_OWNERS: Readonly<Record<string, Owner>> = {
  ...SHARED,
  '': {
    words: 'a workflow',
    keys: [
      ...[
        'version',
        'name',
        'description',
        'inputs',
        'env',
        'env-file',
        'secrets',
        'agents',
        'defaults',
        'max-parallel',
      ],
      ...['concurrency', 'budget', 'steps', 'finally', 'outputs'],
    ],
  },
  input: { words: 'an input', keys: ['type', 'description', 'required', 'default', 'options'] },
  tools: { words: '`tools`', keys: ['allow', 'deny'] },
  mcpServer: { words: 'an MCP server', keys: ['command', 'args', 'env', 'url'] },
  agent: { words: 'an agent', keys: [...ENGINE, 'env', ...LIMITS] },
  defaults: {
    words: '`defaults`',
    keys: ['timeout', 'retry', 'shell', 'working-directory', 'engine', 'model', 'access', 'workspace'],
  },
  concurrency: { words: '`concurrency`', keys: ['group', 'on-conflict'] },
  workspace: { words: '`workspace`', keys: ['mode', 'copy', 'link', 'setup', 'merge', 'on-conflict'] },
  'on-conflict': { words: '`on-conflict`', keys: ['agent', 'checks'] },
  cache: { words: '`cache`', keys: ['inputs', 'env'] },
  session: { words: '`session`', keys: ['continue', 'fork'] },
  loop: { words: '`loop`', keys: ['max', 'until', 'while', 'steps', 'on-exhausted'] },
  gate: {
    words: '`gate`',
    keys: [
      'message',
      'show',
      'options',
      'fields',
      'timeout',
      'on-timeout',
      'remind',
      'approve-if',
      'require',
    ],
  },
  reduce: { words: '`reduce`', keys: ['from', 'mode', 'agent', 'rubric', 'checks'] },
  step: STEP,
};

/** The mappings of `config.schema.json`. */
export const CONFIG_OWNERS: Readonly<Record<string, Owner>> = {
  ...SHARED,
  '': { words: 'the config', keys: ['engines', 'defaults', 'policy', 'prices', 'retention', 'notify'] },
  engine: {
    words: 'an engine',
    keys: [
      ...['command', 'env', 'pass', 'max-parallel', 'prompt', 'output', 'map', 'access', 'session', 'model'],
      'failure',
    ],
  },
  map: {
    words: '`map`',
    keys: ['text', 'session', 'input-tokens', 'output-tokens', 'cached-tokens', 'usd', 'error', 'model'],
  },
  access: { words: '`access`', keys: ['read', 'write', 'full'] },
  session: { words: '`session`', keys: ['continue', 'fork'] },
  failurePattern: { words: 'a failure', keys: ['match', 'reason'] },
  defaults: {
    words: '`defaults`',
    keys: ['timeout', 'retry', 'shell', 'working-directory', 'engine', 'model', 'access'],
  },
  policy: { words: '`policy`', keys: ['engines', 'max-access', 'budget', 'strict'] },
  price: { words: 'a price', keys: ['input', 'output', 'cached'] },
  retention: { words: '`retention`', keys: ['days', 'runs'] },
  notification: { words: 'a notification', keys: ['on', 'run', 'timeout'] },
};
