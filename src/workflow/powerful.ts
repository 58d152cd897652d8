/** Knows the variables by which programs are told what to do, by kinds. */
import type { Power } from '../model/catalogue/expression.ts';

/** What signs somebody in is a secret, which has to come from somewhere; it says neither what a program does nor where it sends that. */
const SIGN_IN = /_(API_?KEY|ACCESS_KEY(_ID)?|TOKEN|PASSWORD|PASSWD|USERNAME)$/i;

/** The engines, and the back-ends of their models. */
const BACK_ENDS = [
  ...[
    'ANTHROPIC',
    'CLAUDE',
    'CLAUDE_CODE',
    'OPENAI',
    'CODEX',
    'AZURE',
    'AZURE_OPENAI',
    'GEMINI',
    'GEMINI_CLI',
  ],
  ...['GOOGLE', 'GOOSE', 'AIDER', 'OPENCODE', 'AWS', 'BEDROCK', 'SAGEMAKER', 'VERTEX', 'CLOUDSDK', 'GCP'],
  ...['CODE_ASSIST', 'DATABRICKS', 'LITELLM', 'LM_STUDIO', 'OLLAMA', 'OPENROUTER', 'GROQ', 'XAI', 'MISTRAL'],
  ...['DEEPSEEK', 'MOONSHOT', 'COHERE', 'CEREBRAS', 'TOGETHER', 'FIREWORKS', 'GH', 'GITHUB', 'GITLAB'],
].join('|');

/** Ends of the names by which those are told where a key is sent. What only looks like them, `GOOGLE_SHEET_URL`, is not meant. */
const ADDRESSES = [
  ...['(\\w+_)?(BASE_URL|API_BASE|BASE_PATH|API_HOST|ENDPOINT(_URL\\w*)?|CUSTOM_HEADERS|FULL_URI)'],
  ...['(API_|SERVER_|GRAPHQL_|MODELS_)URL', 'HOST', 'PROVIDER', 'CA_BUNDLE'],
].join('|');

/** And those by which they are told where their rules stand. */
const RULES = [
  ...['HOME', 'PATH_ROOT', 'CONFIG(_DIR|_FILE|_CONTENT)?', '(SYSTEM_)?(SETTINGS|DEFAULTS)_PATH', 'SYSTEM_MD'],
  ...['((SHARED|APPLICATION)_)?CREDENTIALS(_FILE)?', '(WEB_IDENTITY_)?TOKEN_FILE', 'CLIENT_(CERT|KEY)'],
  ...['PERMISSION', 'SANDBOX\\w*', '(TEST_|LINT_)?CMD', '(NOTIFICATIONS_)?COMMAND', 'SHELL_PREFIX'],
  ...['ENV_FILE', 'MODELS_PATH', 'PREDEFINED_MODELS'],
].join('|');

const named = (...names: readonly string[]): RegExp => new RegExp(`^(${names.join('|')})$`, 'i');

/** The first kind that a name is of counts. Names are compared without case: `http_proxy` and `npm_config_*` are read so too. */
const KINDS: readonly (readonly [Power, RegExp])[] = [
  ['ours', named('CODEMACHINE(_.*)?')],
  [
    // What is loaded or started; shells expand commands in prompts (`bash(1)`, PROMPTING), compilers load plug-ins by their flags.
    'programs',
    named(
      ...[
        'PATH',
        'PATHEXT',
        'ENV',
        'IFS',
        'CDPATH',
        'GLOBIGNORE',
        'BASH_.*',
        'BASHOPTS',
        'SHELLOPTS',
        'PS[0-4]',
      ],
      ...['PROMPT_COMMAND', 'ZDOTDIR', 'SHELL', 'CONFIG_SHELL', 'COMSPEC', '(LD_|DYLD_|PYTHON|PERL5|GIT_).*'],
      ...['(\\w+_)?(EDITOR|PAGER|BROWSER|ASKPASS)', 'MANPAGER', 'VISUAL', 'LESSOPEN', 'LESSCLOSE', 'VIMINIT'],
      ...['EXINIT', 'NODE_(OPTIONS|PATH)', 'RUBY(OPT|LIB)', 'GEM_(HOME|PATH)', 'PERLLIB', 'PHPRC'],
      ...['PHP_INI_SCAN_DIR', 'LUA_(INIT|C?PATH)\\w*', 'R_(PROFILE|ENVIRON)\\w*', 'JULIA_(LOAD|DEPOT)_PATH'],
      ...['_?JAVA_(TOOL_)?OPT(ION)?S', 'JDK_JAVA_OPTIONS', 'CLASSPATH', 'JAVA_HOME', 'ERL_\\w*FLAGS'],
      ...['(MAVEN|GRADLE|SBT|ANT|JRUBY|TAR)_OPT(ION)?S', 'MAVEN_ARGS', '(MAVEN|GRADLE|GRADLE_USER)_HOME'],
      ...['DOTNET_(STARTUP_HOOKS|ADDITIONAL_DEPS|SHARED_STORE|ROOT)', '(CORECLR|COR)_.*', 'GCONV_PATH'],
      ...['CC', 'CXX', 'LD', 'AR', 'C(PP|XX)?FLAGS', 'LDFLAGS', '(GNU)?MAKEFLAGS', 'MAKEFILES'],
      ...[
        'RUSTC',
        'RUSTDOC',
        'RUSTUP_(HOME|DIST_SERVER|UPDATE_ROOT)',
        'RUST(DOC)?FLAGS',
        'RUSTC(_WORKSPACE)?_WRAPPER',
        'GO(FLAGS|ROOT|ENV|TOOLCHAIN)',
      ],
      ...['CARGO_(HOME|ENCODED_\\w+|BUILD_RUST\\w+|BUILD_TARGET|TARGET_\\w+_(RUNNER|LINKER|RUSTFLAGS))'],
      ...['CMAKE_TOOLCHAIN_FILE', 'OPENSSL_(CONF|MODULES|ENGINES)', '(RSYNC|CVS)_RSH', 'TF_CLI_\\w+'],
    ),
  ],
  [
    'settings',
    named(
      ...[
        'HOME',
        'USERPROFILE',
        '(LOCAL)?APPDATA',
        'XDG_.*',
        'KUBECONFIG',
        'HELM_(PLUGINS|\\w+_HOME)',
        'NETRC',
      ],
      ...['CURL_HOME', 'WGETRC', 'INPUTRC', 'GNUPGHOME', 'COMPOSER_HOME', 'COMPOSE_FILE', 'ANSIBLE_CONFIG'],
      ...['BUILDX_CONFIG', 'PGSERVICEFILE', 'PGSYSCONFDIR'],
      ...[
        '(CLAUDE_CODE|OPENCODE|GOOGLE_GENAI)_(USE|SKIP|DISABLE)_\\w+',
        'GOOSE_MODE',
        `(${BACK_ENDS})_(${RULES})`,
      ],
    ),
  ],
  [
    'packages',
    named(
      ...['(NPM|PNPM|BUN)_CONFIG_.*', 'PNPM_HOME', '(PIP|UV|YARN|COREPACK)_.*', 'POETRY_REPOSITORIES_.*'],
      ...['BUNDLE_(GEMFILE|PATH|MIRROR\\w*)', 'GO(PROXY|NOSUMDB|NOSUMCHECK|SUMDB|PRIVATE|INSECURE)'],
      ...['CARGO_(SOURCE|REGISTRY|REGISTRIES)_.*', 'HOMEBREW_\\w*(DOMAIN|REMOTE)'],
    ),
  ],
  [
    'requests',
    named(
      ...[
        '\\w+_PROXY',
        'NODE_(EXTRA_CA_CERTS|TLS_REJECT_UNAUTHORIZED)',
        'SSL_CERT_.*',
        'CARGO_(HTTP|NET)_.*',
      ],
      ...['(CURL|REQUESTS)_CA_BUNDLE', 'DOCKER_(HOST|CONFIG|CONTEXT|CERT_PATH|TLS\\w*)', 'CONTAINER_HOST'],
      ...['VAULT_ADDR', 'SSH_AUTH_SOCK', 'HOSTALIASES', '\\w+_API_BASE'],
      `(${BACK_ENDS})_(${ADDRESSES})`,
    ),
  ],
];

/** Of an agent, whatever its engine: the address of a back-end that is not known here, which gets a key all the same. */
const ADDRESS = named('\\w+_(BASE_URL|BASE_PATH|API_URL|ENDPOINT)');

/**
 * What the variable `name` decides for the programs that see it; undefined where it is a name like any other.
 * @param agents whether an engine sees it
 */
export function powerOf(name: string, agents = false): Power | undefined {
  const kind = KINDS.find(([, names]) => names.test(name))?.[0];
  // A file of keys, or a program that gives one, signs nobody in by itself.
  if (kind !== undefined && kind !== 'ours' && kind !== 'programs' && SIGN_IN.test(name)) return undefined;
  return kind ?? (agents && ADDRESS.test(name) ? 'requests' : undefined);
}
