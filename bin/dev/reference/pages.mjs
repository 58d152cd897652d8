// Says which pages the reference has, and which sections stand on them.

const section = (title, more = {}) => ({ title, ...more });

/** The pages: what opens them, which schema they tell of, and the sections in order, by definition; `''` is the file itself. */
export const PAGES = [
  {
    file: 'docs/reference.md',
    schema: 'workflow',
    opening: `# Reference: the workflow file

Every key of a workflow, written by \`npm run reference-page\` from the schema that files are checked with. How the parts play together
is told in [the workflow language](workflow.md).

An editor shows the same on hover, and completes keys, with the schema beside the file: \`codemachine schema workflow > .codemachine/workflow.schema.json\`,
and in the first line of a workflow in \`.codemachine/workflows\`:

\`\`\`yaml
# yaml-language-server: $schema=../workflow.schema.json
name: tidy
steps:
  - run: npm test
\`\`\`

Keys that are not here are [errors](errors.md#unknown-key), but for those that begin with \`x-\` at the top of the file: these are yours.`,
    sections: {
      '': section('Workflow'),
      input: section('Input'),
      agent: section('Agent'),
      defaults: section('Defaults'),
      step: section('Step'),
      loop: section('Loop'),
      gate: section('Gate'),
      matrix: section('Matrix'),
      reduce: section('Reduce'),
      workspace: section('Workspace'),
      'on-conflict': section('Conflict'),
      session: section('Session'),
      jsonSchema: section('Answer'),
      retry: section('Retry'),
      budget: section('Budget'),
      concurrency: section('Concurrency'),
      cache: section('Cache'),
      tools: section('Tools'),
      mcpServer: section('MCP server'),
    },
    aliases: { answer: 'jsonSchema', subSchema: 'jsonSchema', finallyStep: 'step' },
    values: {
      duration: 'Duration',
      tokens: 'Tokens',
      id: 'Id',
      name: 'Name',
      variable: 'Variable',
      envValue: 'Value',
    },
    expressions: true,
  },
  {
    file: 'docs/reference-config.md',
    schema: 'config',
    opening: `# Reference: the configuration

Every key of \`.codemachine/config.yml\` in a repository and of \`~/.config/codemachine/config.yml\`, which wins, written by
\`npm run reference-page\` from the schema that they are checked with. A \`policy\` may also stand alone in \`~/.config/codemachine/policy.yml\`,
without that word. How they play together: [workflow.md](workflow.md#configuration), and of engines
[engines.md](engines.md#an-engine-of-your-own).

An editor completes and explains these keys with \`codemachine schema config > .codemachine/config.schema.json\` and
\`# yaml-language-server: $schema=config.schema.json\` in the first line of the file. Keys that are not here are errors.`,
    sections: {
      '': section('Configuration'),
      engine: section('Engine'),
      map: section('Map'),
      accessArguments: section('Access arguments'),
      sessionArguments: section('Session arguments'),
      failurePattern: section('Failure'),
      defaults: section('Defaults'),
      policy: section('Policy'),
      price: section('Price'),
      retention: section('Retention'),
      notification: section('Notification'),
    },
    // The same as in a workflow.
    shared: ['retry', 'budget', 'duration', 'tokens', 'name', 'variable', 'envValue'],
    values: { engineName: 'Engine name' },
  },
  {
    file: 'docs/reference-tests.md',
    schema: 'test',
    opening: `# Reference: test files

Every key of a \`*.test.yml\`, written by \`npm run reference-page\` from the schema that they are checked with. How tests are written is
told in [testing.md](testing.md). An editor completes and explains these keys with
\`codemachine schema test > .codemachine/test.schema.json\` and a first line such as
\`# yaml-language-server: $schema=../test.schema.json\`. Keys that are not here are errors, but for those that begin with \`x-\`.`,
    sections: {
      '': section('Test file'),
      case: section('Case'),
      answer: section('Agent answer'),
      usage: section('Usage'),
      failure: section('Failure'),
      result: section('Result'),
      decision: section('Decision'),
      expect: section('Expect'),
      step: section('Step'),
      expectedFailure: section('Expected failure'),
      matcher: section('Matcher'),
      file: section('File'),
      bounds: section('Bounds'),
    },
    aliases: { answers: 'answer', results: 'result', decisions: 'decision', matchers: 'matcher' },
    shared: ['duration'],
    values: {},
  },
];
