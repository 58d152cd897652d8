// Finds the test command of projects of many kinds, and puts it into every template.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compose, NO_TEST } from '../../src/app/init/compose.ts';
import { choices } from '../../src/app/init/engines.ts';
import { readTemplate, TEMPLATES } from '../../src/app/init/templates.ts';
import { findTests } from '../../src/app/init/test-command.ts';
import { locate } from '../../src/app/place.ts';
import { NO_CONFIG } from '../../src/model/config.ts';
import { BUILT_IN_ENGINES } from '../../src/model/workflow.ts';
import { inMemory } from '../support/in-memory.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(inMemory(), 'codemachine-init-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Files = Readonly<Record<string, string>>;

function layOut(files: Files): string {
  const place = mkdtempSync(path.join(root, 'p-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
    writeFileSync(path.join(place, name), text);
  }
  return place;
}

const pkg = (says: object): string => JSON.stringify(says);
const SCRIPT = pkg({ scripts: { test: 'vitest run' } });
const NONE = pkg({ scripts: { test: 'echo "Error: no test specified" && exit 1' } });

/** What lies in a project, and what tests it. */
const PROJECTS: readonly (readonly [command: string, from: string, files: Files])[] = [
  ['npm test', 'package.json', { 'package.json': SCRIPT }],
  ['npm test', 'package.json', { 'package.json': SCRIPT, 'package-lock.json': '{}', Makefile: 'test:\n' }],
  ['pnpm test', 'package.json', { 'package.json': SCRIPT, 'pnpm-lock.yaml': '' }],
  ['yarn test', 'package.json', { 'package.json': SCRIPT, 'yarn.lock': '' }],
  ['bun run test', 'package.json', { 'package.json': SCRIPT, 'bun.lock': '' }],
  [
    'pnpm test',
    'package.json',
    { 'package.json': pkg({ scripts: { test: 'x' }, packageManager: 'pnpm@9.1.0' }), 'yarn.lock': '' },
  ],
  ['npx turbo run test', 'turbo.json', { 'package.json': NONE, 'turbo.json': '{}' }],
  ['pnpm exec nx run-many -t test', 'nx.json', { 'package.json': NONE, 'nx.json': '', 'pnpm-lock.yaml': '' }],
  ['pnpm -r test', 'pnpm-workspace.yaml', { 'package.json': '{}', 'pnpm-workspace.yaml': '' }],
  [
    'npm test --workspaces --if-present',
    'package.json',
    { 'package.json': pkg({ workspaces: ['packages/*'] }) },
  ],
  [
    'yarn workspaces foreach -A run test',
    'package.json',
    { 'package.json': pkg({ workspaces: ['p/*'] }), 'yarn.lock': '', '.yarnrc.yml': '' },
  ],
  [
    "bun run --filter '*' test",
    'package.json',
    { 'package.json': pkg({ workspaces: ['p/*'] }), 'bun.lockb': '' },
  ],
  ['just test', 'justfile', { justfile: 'test *args:\n  cargo test\n', 'Cargo.toml': '' }],
  ['task test', 'Taskfile.yml', { 'Taskfile.yml': 'tasks:\n  test:\n    cmd: x\n' }],
  ['mise run test', 'mise.toml', { 'mise.toml': '[tasks.test]\nrun = "x"\n' }],
  ['make test', 'Makefile', { Makefile: '.PHONY: test\ntest: build\n\tx\n', 'go.mod': 'module x\n' }],
  ['make check', 'Makefile', { Makefile: 'check:\n\tx\n' }],
  ['cargo test', 'Cargo.toml', { 'Cargo.toml': '[package]\n', Makefile: 'tests: x\ntest := no\n' }],
  ['cargo test --workspace', 'Cargo.toml', { 'Cargo.toml': '[workspace]\n' }],
  ['go test ./...', 'go.mod', { 'go.mod': 'module x\n', 'package.json': NONE }],
  ["go list -m -f '{{.Dir}}/...' | xargs go test", 'go.work', { 'go.work': 'go 1.22\n' }],
  ['pytest', 'pyproject.toml', { 'pyproject.toml': '[tool.pytest.ini_options]\n' }],
  [
    'uv run pytest',
    'pyproject.toml',
    { 'pyproject.toml': '[dependency-groups]\ndev=["pytest"]', 'uv.lock': '' },
  ],
  ['poetry run pytest', 'conftest.py', { 'pyproject.toml': '', 'poetry.lock': '', 'conftest.py': '' }],
  ['pytest', 'requirements-dev.txt', { 'requirements-dev.txt': 'pytest==8\n', 'setup.py': '' }],
  ['tox', 'tox.ini', { 'tox.ini': '[tox]\n' }],
  ['nox', 'noxfile.py', { 'noxfile.py': '' }],
  ['python3 manage.py test', 'manage.py', { 'manage.py': '' }],
  [
    'uv run python -m unittest discover -s tests -t .',
    'pyproject.toml',
    { 'pyproject.toml': '', 'uv.lock': '', 'tests/test_a.py': '' },
  ],
  ['./gradlew test', 'build.gradle.kts', { 'build.gradle.kts': '', gradlew: '' }],
  ['gradle test', 'settings.gradle', { 'settings.gradle': '' }],
  ['./mvnw test', 'pom.xml', { 'pom.xml': '', mvnw: '' }],
  ['mvn test', 'pom.xml', { 'pom.xml': '' }],
  ['mix test', 'mix.exs', { 'mix.exs': '' }],
  ['deno test', 'deno.json', { 'deno.json': '{}' }],
  ['deno task test', 'deno.jsonc', { 'deno.jsonc': '{ // "x"\n "tasks": { "test": "deno test", }, }' }],
  ['composer test', 'composer.json', { 'composer.json': pkg({ scripts: { test: 'phpunit' } }) }],
  ['vendor/bin/phpunit', 'phpunit.xml.dist', { 'composer.json': '{}', 'phpunit.xml.dist': '' }],
  ['dotnet test', 'App.sln', { 'App.sln': '' }],
  ['dotnet test', 'App.csproj', { 'App.csproj': '' }],
  ['bundle exec rspec', '.rspec', { Gemfile: '', '.rspec': '' }],
  ['bundle exec rake test', 'Rakefile', { Gemfile: '', Rakefile: 'Rake::TestTask.new(:test)\n' }],
  ['flutter test', 'pubspec.yaml', { 'pubspec.yaml': 'dependencies:\n  flutter:\n    sdk: flutter\n' }],
  ['swift test', 'Package.swift', { 'Package.swift': '' }],
  ['bazel test //...', 'MODULE.bazel', { 'MODULE.bazel': '' }],
  ['cd api && go test ./...', 'api/go.mod', { 'api/go.mod': '', 'docs/a.md': '', 'node_modules/a': '' }],
];

describe('the test command of a project', () => {
  it.each(PROJECTS)('%s, from %s', (command, from, files) => {
    expect(findTests(layOut(files))).toEqual({ command, from });
  });

  it.each<readonly [string, Files]>([
    ['an empty directory', {}],
    ['no script but the one of `npm init`', { 'package.json': NONE }],
    ['broken JSON', { 'package.json': '{' }],
    ['JSON that is no object', { 'package.json': 'null', 'composer.json': '[]' }],
    ['requirements alone', { 'requirements.txt': 'flask\n' }],
    ['two directories, of which either may be meant', { 'api/go.mod': '', 'web/package.json': SCRIPT }],
    ['a directory whose name a shell would not take', { 'my app/go.mod': '' }],
    ['what others wrote', { 'vendor/go.mod': '', 'node_modules/package.json': SCRIPT, '.x/go.mod': '' }],
  ])('is not there for %s', (_, files) => {
    expect(findTests(layOut(files))).toBeUndefined();
  });
});

/** What they ask for that an engine cannot do: `session`, `fork`, `effort`. */
const TOO_MUCH: Readonly<Record<string, readonly string[] | undefined>> = {
  aider: ['looped-fix', 'review-pr', 'feature'],
  gemini: ['review-pr', 'feature'],
  goose: ['review-pr', 'feature'],
};

describe('a template', () => {
  it('is what every example is that says when to use it', () => {
    const examples = readdirSync(path.join(ROOT, 'examples')).filter((name) => name.endsWith('.yml'));
    const told = examples.filter((name) => {
      return !readFileSync(path.join(ROOT, 'examples', name), 'utf8').startsWith('# yaml-language-server');
    });
    expect(told.map((name) => name.replace('.yml', ''))).toEqual([...TEMPLATES].sort());
  });

  const commands = [...new Set(PROJECTS.map(([command]) => command))];
  const hard = [NO_TEST, 'true', 'make test # all', 'a: \'b\' "c"', '*x', '- y', '{ z }', '"'];

  async function composed(name: (typeof TEMPLATES)[number], test: string, here: readonly string[]) {
    const place = locate({ cwd: root }, {});
    const file = path.join(root, '.codemachine/workflows', `${name}.yml`);
    const template = readTemplate(ROOT, name);
    return compose(place, {
      ...{ template, test, choices: choices(here, undefined) },
      ...{ file, shown: file, config: NO_CONFIG },
    });
  }

  it.each(TEMPLATES)('%s takes every test command', async (name) => {
    for (const command of [...commands, ...hard]) {
      const made = await composed(name, command, []);
      expect(made.ok, `${command}: ${JSON.stringify(made)}`).toBe(true);
      if (made.ok)
        expect(made.value).toMatchObject({ clean: true, text: expect.stringMatching(/^budget: /m) });
    }
  });

  it.each(TEMPLATES)('%s takes the engines that are here', async (name) => {
    for (const engine of BUILT_IN_ENGINES) {
      const made = await composed(name, 'npm test', [engine]);
      if (TOO_MUCH[engine]?.includes(name) === true) {
        expect(made).toMatchObject({
          ok: false,
          error: {
            diagnostics: expect.arrayContaining([expect.objectContaining({ code: 'engine-cannot' })]),
          },
        });
        continue;
      }
      expect(made, engine).toMatchObject({ ok: true, value: { clean: true, engines: [engine] } });
    }
  });

  it('gives looped-fix to the next engine where the first cannot run it', async () => {
    expect(await composed('looped-fix', 'x', ['aider', 'goose'])).toMatchObject({
      value: { engines: ['goose'] },
    });
  });
});
