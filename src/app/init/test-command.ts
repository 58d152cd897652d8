/** Finds out how the tests of a project are started. */
import path from 'node:path';
import { type Listing, listing, objectOf, type TestCommand } from './listing.ts';
import { nodeTest } from './node-tests.ts';
import { pythonTest } from './python-tests.ts';

/**
 * The command that tests the project whose root this is: what somebody called a test before what the tools of a language do by
 * themselves. Where the root has none, that of the one directory in it that has. Nothing is started.
 */
export function findTests(root: string): TestCommand | undefined {
  const here = testIn(listing(root));
  if (here !== undefined) return here;
  const below = listing(root).names.flatMap((name) => {
    const found = /^[.]|^(node_modules|vendor|target|dist|build)$/.test(name)
      ? undefined
      : testIn(listing(path.join(root, name)));
    return found === undefined ? [] : [{ name, found }];
  });
  // Of several it is not for us to say which one is meant.
  const [only, ...more] = below;
  if (only === undefined || more.length > 0 || !/^[\w.-]+$/.test(only.name)) return undefined;
  return { command: `cd ${only.name} && ${only.found.command}`, from: path.join(only.name, only.found.from) };
}

function testIn(files: Listing): TestCommand | undefined {
  const [chosen] = [...named(files), ...customary(files)];
  return chosen;
}

/** Where a project itself says what its tests are. */
function named(files: Listing): readonly TestCommand[] {
  const found: (TestCommand | undefined)[] = [nodeTest(files, 'script')];
  for (const name of ['justfile', 'Justfile', '.justfile'])
    if (/^@?test\b[^=\n]*:(?!=)/m.test(files.read(name))) found.push({ command: 'just test', from: name });
  for (const name of ['Taskfile.yml', 'Taskfile.yaml'])
    if (/^ {2,4}test:/m.test(files.read(name))) found.push({ command: 'task test', from: name });
  for (const name of ['mise.toml', '.mise.toml'])
    if (/^\[tasks\.test\]/m.test(files.read(name))) found.push({ command: 'mise run test', from: name });
  for (const name of ['GNUmakefile', 'makefile', 'Makefile'])
    for (const target of ['test', 'check'])
      if (new RegExp(`^${target}\\s*:(?!=)`, 'm').test(files.read(name)))
        found.push({ command: `make ${target}`, from: name });
  if (hasKey(files.read('composer.json'), 'scripts', 'test'))
    found.push({ command: 'composer test', from: 'composer.json' });
  for (const name of ['deno.json', 'deno.jsonc'])
    if (hasKey(withoutComments(files.read(name)), 'tasks', 'test'))
      found.push({ command: 'deno task test', from: name });
  return found.filter((one) => one !== undefined);
}

/** The command of each tool by the file that shows that it is used. */
const TOOLS: readonly (readonly [file: RegExp, command: string])[] = [
  [/^deno\.jsonc?$/, 'deno test'],
  [/^mix\.exs$/, 'mix test'],
  [/^gleam\.toml$/, 'gleam test'],
  [/^build\.sbt$/, 'sbt test'],
  [/^Package\.swift$/, 'swift test'],
  [/^[^.].*\.(sln|slnx)$/, 'dotnet test'],
  [/^[^.].*\.(cs|fs|vb)proj$/, 'dotnet test'],
  [/^artisan$/, 'php artisan test'],
  [/^phpunit\.xml(\.dist)?$/, 'vendor/bin/phpunit'],
  [/^\.rspec$/, 'bundle exec rspec'],
  [/^stack\.yaml$/, 'stack test'],
  [/^.+\.cabal$/, 'cabal test'],
  [/^dune-project$/, 'dune test'],
  [/^build\.zig$/, 'zig build test'],
  [/^rebar\.config$/, 'rebar3 eunit'],
  [/^project\.clj$/, 'lein test'],
  [/^shard\.yml$/, 'crystal spec'],
  [/^MODULE\.bazel$|^WORKSPACE(\.bazel)?$/, 'bazel test //...'],
];

/** What the tools of a language do where nobody says anything. */
function customary(files: Listing): readonly TestCommand[] {
  const found: (TestCommand | undefined)[] = [nodeTest(files, 'workspaces')];
  const at = (file: string, command: string): void => {
    if (files.has(file)) found.push({ command, from: file });
  };
  at(
    'Cargo.toml',
    /^\[workspace\]/m.test(files.read('Cargo.toml')) ? 'cargo test --workspace' : 'cargo test',
  );
  at('go.mod', 'go test ./...');
  // In a workspace that is no module itself, `./...` means nothing.
  at('go.work', "go list -m -f '{{.Dir}}/...' | xargs go test");
  found.push(pythonTest(files));
  const gradle = files.has('gradlew') ? './gradlew test' : 'gradle test';
  for (const name of ['build', 'settings'])
    for (const end of ['', '.kts']) at(`${name}.gradle${end}`, gradle);
  at('pom.xml', files.has('mvnw') ? './mvnw test' : 'mvn test');
  at('pubspec.yaml', /^\s*flutter:/m.test(files.read('pubspec.yaml')) ? 'flutter test' : 'dart test');
  if (files.has('bin') && files.has('Gemfile') && files.has('config.ru')) at('config.ru', 'bin/rails test');
  for (const [file, command] of TOOLS) {
    const name = files.names.find((one) => file.test(one));
    if (name !== undefined) found.push({ command, from: name });
  }
  if (/\btest\b/.test(files.read('Rakefile'))) at('Rakefile', 'bundle exec rake test');
  return found.filter((one) => one !== undefined);
}

function hasKey(json: string, above: string, key: string): boolean {
  return typeof (objectOf(json)[above] as Record<string, unknown> | undefined)?.[key] !== 'undefined';
}

// Strings are passed over, for the sake of addresses in them.
function withoutComments(jsonc: string): string {
  return jsonc
    .replace(/("(?:[^"\\]|\\.)*")|\/\/.*|\/\*[\s\S]*?\*\//g, (_, text: string | undefined) => text ?? '')
    .replace(/,(\s*[}\]])/g, '$1');
}
