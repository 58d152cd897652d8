/** Shows that data does not reach what is executed. */
import { describe, expect, test } from 'vitest';
import { complaints, diagnostics, type StepSketch } from './build.ts';

const around = (step: StepSketch, env: Record<string, string> = {}) => ({
  inputs: { issue: {}, path: {}, pick: { type: 'choice', options: ['a', '-b'] } } as const,
  env,
  secrets: ['TOKEN'],
  steps: [
    { id: 'first', run: 'true', outputs: { version: 'string' } as const },
    { id: 'plan', prompt: 'p', output: { type: 'object', properties: { summary: { type: 'string' } } } },
    { id: 'last', ...step },
  ],
});

const said = (step: StepSketch, env?: Record<string, string>) => complaints(around(step, env));
const advice = (step: StepSketch, env?: Record<string, string>) =>
  diagnostics(around(step, env)).map(({ diagnostic }) => diagnostic.suggestion);

describe('run', () => {
  test.each([
    'inputs.issue',
    'steps.first.stdout',
    'steps.plan.output.summary',
    'secrets.TOKEN',
    'github.ref',
    'github.event.issue.title',
    'git.branch',
    'workflow.path',
    "format('{0}', inputs.issue)",
    "'a' || inputs.issue",
    "fromJSON(inputs.issue)['x']",
    "github.event['x'][inputs.issue]",
    'toJSON(run)',
    "inputs.issue == 'a' && 'x' || 'y'",
  ])('refuses ${{ %s }}', (expr) => {
    expect(said({ run: `echo \${{ ${expr} }}` })).toEqual([`data-in-run: ${expr}`]);
  });

  test.each([
    'run.id',
    'RUN.ID',
    'run.attempt',
    'run.started-at',
    'workflow.name',
    'workflow.sha256',
    'git.sha',
    'hashFiles(inputs.issue)',
    "format('{0}-{1}', run.id, git.sha)",
    "'literal'",
  ])('takes ${{ %s }}', (expr) => {
    expect(said({ run: `echo \${{ ${expr} }}` })).toEqual([]);
  });

  test('complains about each fence, and about a name in it that does not exist as well', () => {
    expect(said({ run: 'echo ${{ inputs.issue }} ${{ run.id }} ${{ inputs.isue }}' })).toEqual([
      'unknown-property: inputs.isue',
      'data-in-run: inputs.issue',
      'data-in-run: inputs.isue',
    ]);
  });

  test.each<[string, StepSketch, string]>([
    [
      'an input',
      { run: 'x ${{ inputs.issue }}' },
      'put it in `env:` as `ISSUE: "${{ inputs.issue }}"`, then write `"$ISSUE"`',
    ],
    [
      'an output',
      { run: 'x ${{ steps.first.outputs.version }}' },
      'put it in `env:` as `FIRST_VERSION: "${{ steps.first.outputs.version }}"`, then write `"$FIRST_VERSION"`',
    ],
    [
      'a powerful name',
      { run: 'x ${{ inputs.path }}' },
      'put it in `env:` as `VALUE_PATH: "${{ inputs.path }}"`, then write `"$VALUE_PATH"`',
    ],
    [
      'what is there already',
      { run: 'x ${{ inputs.issue }}', env: { I: '${{ inputs.issue }}' } },
      'write `"$I"`',
    ],
    ['a variable', { run: 'x ${{ env.I }}', env: { I: 'i' } }, 'write `"$I"`'],
    [
      'a name that is taken',
      { run: 'x ${{ inputs.issue }}', env: { ISSUE: 'x' } },
      'put it in `env:` as `ISSUE_2: "${{ inputs.issue }}"`, then write `"$ISSUE_2"`',
    ],
    ['double quotes', { run: 'echo "a ${{ env.I }} b"', env: { I: 'i' } }, 'write `$I`'],
    ['a line after quotes', { run: 'echo "a" \\"\nx ${{ env.I }}', env: { I: 'i' } }, 'write `"$I"`'],
    [
      'python',
      { run: '${{ inputs.issue }}', shell: 'python' },
      'put it in `env:` as `ISSUE: "${{ inputs.issue }}"`, then write `os.environ["ISSUE"]`',
    ],
    ['node', { run: '${{ env.I }}', env: { I: 'i' }, shell: 'node' }, 'write `process.env.I`'],
    ['pwsh', { run: '${{ env.I }}', env: { I: 'i' }, shell: 'pwsh' }, 'write `$env:I`'],
  ])('shows the way out for %s', (_, step, suggestion) => {
    expect(advice(step)).toEqual([suggestion]);
  });
});

test.each([
  ['[[ ${{ inputs.issue }} -gt 3 ]] && echo big', 'check it first: `[[ $ISSUE =~ ^[0-9]+$ ]] || exit 1`'],
  ['echo $((${{ inputs.issue }} + 1))', 'check it first'],
  ['((x = ${{ inputs.issue }}))', 'check it first'],
  ['declare -i n="${{ inputs.issue }}"', 'check it first'],
  ['if [ -v "${{ inputs.issue }}" ]; then echo; fi', 'check it first'],
  ['test -v "${{ inputs.issue }}"', 'check it first'],
  ['printf -v "${{ inputs.issue }}" hi', 'check it first'],
  ['read "${{ inputs.issue }}"', 'check it first'],
  ['let "x=${{ inputs.issue }}"', 'check it first'],
  ['echo "${a[${{ inputs.issue }}]}"', 'check it first'],
  ["echo 'a ${{ inputs.issue }} b'", 'then write `\'"$ISSUE"\'`, which ends the single quotes'],
  ["cat <<'EOF'\n${{ inputs.issue }}\nEOF", 'the delimiter without quotes'],
  ["python3 - <<'EOF'\n${{ inputs.issue }}\nEOF", 'it would be obeyed from a variable too'],
  ["sh -c 'echo ${{ inputs.issue }}'", 'it would be obeyed from a variable too'],
  ['echo ${{ inputs.issue }} | bash', 'it would be obeyed from a variable too'],
  ['git -c "${{ inputs.issue }}" status', 'it would be obeyed from a variable too'],
  ['PS4="${{ inputs.issue }}"; set -x', 'it would be obeyed from a variable too'],
  ['GIT_SSH_COMMAND="${{ inputs.issue }}" git fetch', 'it would be obeyed from a variable too'],
  ['${{ inputs.issue }} --version', 'it would be obeyed from a variable too'],
  ['npm test -- ${{ inputs.issue }}', 'then write `"$ISSUE"`'],
  ["[[ x == ${{ inputs.issue }} ]] && echo 'it'", 'then write `"$ISSUE"`'],
])('says what else %j asks for', (run, words) => {
  const [said] = advice({ run });
  expect(said).toContain(words);
  if (!words.includes('then write `"')) expect(said).not.toContain('then write `"$ISSUE"`');
});

describe('variables that choose what programs do', () => {
  const names = [
    'PATH',
    'ENV',
    'BASH_ENV',
    'LD_PRELOAD',
    'DYLD_X',
    'NODE_OPTIONS',
    'PYTHONPATH',
    'PERL5LIB',
    'GIT_SSH',
    ...['PS1', 'PS4', 'PROMPT_COMMAND', 'SHELL', 'MAKEFLAGS', 'CC', 'RUSTC_WRAPPER', 'RUBYOPT'],
    ...['EDITOR', 'VISUAL', 'PAGER', 'MANPAGER', 'BROWSER', 'GIT_EDITOR', 'GH_PAGER', 'SSH_ASKPASS'],
    ...['LESSOPEN', 'JAVA_TOOL_OPTIONS', '_JAVA_OPTIONS', 'npm_config_script_shell', 'IFS', 'NODE_PATH'],
    ...[
      'DOTNET_STARTUP_HOOKS',
      'TAR_OPTIONS',
      'GCONV_PATH',
      'LUA_INIT',
      'LUA_INIT_5_4',
      'PHPRC',
      'MAVEN_OPTS',
    ],
    ...['CARGO_BUILD_RUSTC_WRAPPER', 'BASH_FUNC_ls', 'CFLAGS', 'LDFLAGS'],
    ...['HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_DIRS', 'KUBECONFIG', 'COMPOSER_HOME'],
    ...['npm_config_registry', 'NPM_CONFIG_USERCONFIG', 'PIP_INDEX_URL', 'UV_INDEX_URL', 'GOPROXY'],
    ...['https_proxy', 'HTTP_PROXY', 'all_proxy', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
    ...['DOCKER_HOST', 'GH_HOST', 'ANTHROPIC_BASE_URL', 'OPENAI_BASE_URL', 'OPENAI_API_BASE', 'OPENAI_HOST'],
    ...['AZURE_OPENAI_ENDPOINT', 'GOOGLE_GEMINI_BASE_URL', 'OLLAMA_HOST', 'AWS_ENDPOINT_URL_BEDROCK_RUNTIME'],
    ...[
      'CODEX_HOME',
      'CLAUDE_CONFIG_DIR',
      'CLAUDE_CODE_SHELL_PREFIX',
      'CLAUDE_CODE_USE_BEDROCK',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'GEMINI_CLI_HOME',
      'GOOSE_PROVIDER',
    ],
    ...[
      'OPENCODE_CONFIG',
      'OPENCODE_CONFIG_CONTENT',
      'OPENCODE_PERMISSION',
      'GITHUB_API_URL',
      'GOOGLE_APPLICATION_CREDENTIALS',
      'AIDER_TEST_CMD',
    ],
    ...['CODEMACHINE', 'CODEMACHINE_OUTPUT', 'CODEMACHINE_MARK', 'CODEMACHINE_STATE_DIR'],
  ];

  test.each(names)('%s takes no data, from nobody', (name) => {
    expect(said({ env: { [name]: 'x:${{ inputs.issue }}' } })).toEqual(['data-in-variable: inputs.issue']);
    expect(said({ env: { [name]: '${{ secrets.TOKEN }}' } })).toEqual(['data-in-variable: secrets.TOKEN']);
    expect(said({}, { [name]: '${{ inputs.issue }}' })).toEqual(['data-in-variable: inputs.issue']);
    expect(said({ prompt: 'p', env: { [name]: '${{ steps.plan.text }}' } })).toEqual([
      'data-in-variable: steps.plan.text',
    ]);
  });

  test('they take what is fixed, and others take data', () => {
    for (const name of names) expect(said({ env: { [name]: '/bin:${{ run.id }}:$PATH' } }), name).toEqual([]);
    for (const name of [
      'MY_PATH',
      'PATHS',
      'ENVIRONMENT',
      'GITHUB_REF',
      'NODE_ENV',
      'PS5',
      'EDITORS',
      'CCC',
      ...[
        'BASE_URL',
        'APP_BASE_URL',
        'HOSTNAME',
        'HOME_PAGE',
        'CODEX_REVIEW',
        'GEMINI_SAID',
        'TAR',
        'DOCKER_IMAGE',
      ],
      ...[
        'GITHUB_TOKEN',
        'GOOGLE_SHEET_URL',
        'AWS_RDS_HOST',
        'AWS_PROFILE',
        'GITHUB_URL',
        'ANTHROPIC_MODEL',
        'AWS_REGION',
        'PGHOST',
        'NODE_VERSION',
        'TITLE',
        'START',
        'RUN',
      ],
    ]) {
      expect(said({ env: { [name]: '${{ inputs.issue }}' } }), name).toEqual([]);
    }
    for (const name of [
      'OPENAI_API_KEY',
      'ANTHROPIC_AUTH_TOKEN',
      'AWS_ACCESS_KEY_ID',
      'YARN_NPM_AUTH_TOKEN',
    ]) {
      expect(said({ env: { [name]: '${{ secrets.TOKEN }}' } }), name).toEqual([]);
    }
  });

  test('where an engine sees them, neither do those that may name the back-end of any engine', () => {
    const env = { NEW_MODEL_BASE_URL: '${{ inputs.issue }}', NEW_MODEL_ENDPOINT: '${{ secrets.TOKEN }}' };
    const refused = ['data-in-variable: inputs.issue', 'data-in-variable: secrets.TOKEN'];
    expect(said({ prompt: 'p', env })).toEqual(refused);
    expect(said({ prompt: 'p' }, env)).toEqual(refused);
    expect(said({ env })).toEqual([]);
  });

  test.each([
    ['PATH', 'what programs do through `PATH`', 'write a fixed value, or pass the data in a variable'],
    ['HOME', 'which settings programs take through `HOME`', 'set it where codemachine is started'],
    [
      'PIP_INDEX_URL',
      'how packages are installed through `PIP_INDEX_URL`',
      'set it where codemachine is started',
    ],
    [
      'https_proxy',
      'where requests and their keys go through `https_proxy`',
      'set it where codemachine is started',
    ],
    ['CODEMACHINE_OUTPUT', 'what codemachine tells a step', 'pass the data in a variable of another name'],
  ])('of %s is said why, and what to do', (name, why, what) => {
    const [found] = diagnostics(around({ env: { [name]: '${{ inputs.issue }}' } }));
    expect(found?.diagnostic.message).toContain(why);
    expect(found?.diagnostic.suggestion).toContain(what);
  });
});

test('a model that an engine would take for an option is refused', () => {
  expect(said({ prompt: 'p', model: '--dangerous' })).toEqual(['model-dash: --dangerous']);
  expect(said({ prompt: 'p', model: '-${{ inputs.issue }}' })).toEqual(['model-dash: -${{ inputs.issue }}']);
  expect(said({ prompt: 'p', model: '${{ inputs.pick }}' })).toEqual(['model-dash: inputs.pick']);
  expect(said({ prompt: 'p', model: '${{ inputs.issue }}' })).toEqual([]);
  expect(said({ prompt: 'p', model: 'gpt-5-mini' })).toEqual([]);
});
