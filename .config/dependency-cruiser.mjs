// The walls of the house, as named rules each with its reason.

const rooms = ['workflow', 'plan', 'run', 'engines', 'workspace', 'state', 'report'];
const anyRoom = `^src/(${rooms.join('|')})/`;
const source = '^src/';

// Where an outside package may be met, so that replacing it touches one room.
const homes = [
  [
    'yaml',
    '^src/workflow/',
    'The text of a workflow is read in one room; positions are lost if others parse it again.',
  ],
  [
    'ajv',
    '^src/workflow/',
    'Schemas are compiled ahead of time; a second user would load the compiler at run time (30 ms of a 70 ms command).',
  ],
  [
    '@actions/expressions',
    '^src/workflow/',
    'Expressions are parsed and typed once; the rest of the house is handed Evaluate.',
  ],
  [
    'micromatch',
    '^src/plan/',
    'Its matching backtracks exponentially on many stars; the guard against that stands beside it.',
  ],
  ['p-limit', '^src/run/', 'Who may start is decided in one room.'],
  ['execa', '^src/engines/process\\.ts$', 'One file starts children, so one file can end them.'],
  [
    're2js',
    '^src/engines/patterns\\.ts$',
    'Patterns of a user meet whatever a program prints; no others may be looked for there than those that cannot backtrack.',
  ],
  ['better-sqlite3', '^src/state/', 'Which of two drivers this Node needs is known in one room.'],
  ['bs3-n20', '^src/state/', 'Which of two drivers this Node needs is known in one room.'],
  [
    'modern-tar',
    '^src/state/bundle-file\\.ts$',
    'What a file from elsewhere may hold is decided in one place; a second reader would believe more of it.',
  ],
  [
    'listr2',
    '^src/report/live\\.ts$',
    'The live view is one listener among several; its renderer costs CPU for each row.',
  ],
  [
    '@oclif/core',
    '^src/(commands/|cli\\.ts$)',
    'Commands parse flags and print; nothing below them knows that there is a command line.',
  ],
];

// What is imported under the name `from` may also resolve below node_modules, or be typed by DefinitelyTyped.
const ofPackage = (name) => {
  const typed = name.startsWith('@') ? name.slice(1).replace('/', '__') : name;
  return [`(^|/)node_modules/(${name}|@types/${typed})(/|$)`, `^${name}(/|$)`];
};

const homeRules = homes.map(([name, home, reason]) => ({
  name: `${name.replace('@', '').replace('/', '-')}-has-one-home`,
  severity: 'error',
  comment: reason,
  from: { path: source, pathNot: home },
  to: { path: ofPackage(name) },
}));

const roomRules = rooms.map((room) => ({
  name: `${room}-knows-only-the-model`,
  severity: 'error',
  comment:
    'Rooms know the words and themselves; app.ts introduces them to each other by handing functions in. A room that imports its neighbour cannot be read, tested or replaced alone.',
  from: { path: `^src/${room}/` },
  to: { path: source, pathNot: [`^src/${room}/`, '^src/model/'] },
}));

export default {
  forbidden: [
    ...roomRules,
    {
      name: 'model-imports-nothing',
      severity: 'error',
      comment:
        'The words depend on nobody, so that everybody can depend on them: not on a package, not on Node.',
      from: { path: '^src/model/' },
      to: { pathNot: '^src/model/' },
    },
    {
      name: 'rooms-are-met-in-app',
      severity: 'error',
      comment: 'Only app.ts knows everybody; a second place that wires rooms would wire them differently.',
      from: { path: source, pathNot: [anyRoom, '^src/app\\.ts$', '^src/app/'] },
      to: { path: anyRoom },
    },
    {
      name: 'commands-know-only-app',
      severity: 'error',
      comment:
        'A command parses, calls app and prints; whatever it could do more, the library door could not.',
      from: { path: '^src/commands/' },
      to: { path: source, pathNot: ['^src/app\\.ts$', '^src/app/', '^src/commands/', '^src/model/'] },
    },
    {
      name: 'index-opens-app-and-words',
      severity: 'error',
      comment: 'The library door offers what the commands use: one way in, one behaviour.',
      from: { path: '^src/index\\.ts$' },
      to: { pathNot: ['^src/app\\.ts$', '^src/app/', '^src/model/'] },
    },
    {
      name: 'nobody-imports-a-door-to-outside',
      severity: 'error',
      comment: 'Commands and the library door are ends: importing one turns the house upside down.',
      from: { path: source, pathNot: '^src/commands/' },
      to: { path: ['^src/commands/', '^src/index\\.ts$'] },
    },
    {
      name: 'pure-rooms-meet-no-builtins',
      severity: 'error',
      comment: 'Files, clocks and processes are handed in, so that a test can replay any moment.',
      from: { path: '^src/(model|workflow|plan|run|engines/dialects)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'children-start-in-one-file',
      severity: 'error',
      comment:
        'A child started elsewhere is in no process group of ours: Ctrl-C and the orphan sweep would miss it.',
      from: { path: source, pathNot: '^src/engines/process\\.ts$' },
      to: { path: '^(node:)?child_process$' },
    },
    ...homeRules,
    {
      name: 'outside-packages-are-listed',
      severity: 'error',
      comment:
        'A package enters with a room to live in; add it to the list of homes together with its reason.',
      from: { path: source },
      to: {
        dependencyTypes: [
          'npm',
          'npm-dev',
          'npm-optional',
          'npm-peer',
          'npm-bundled',
          'npm-no-pkg',
          'npm-unknown',
          'unknown',
        ],
        pathNot: [
          ...homes.flatMap(([name]) => ofPackage(name)),
          '/generated/',
          '^\\.\\.?/(?!.*node_modules/)',
        ],
      },
    },
    {
      name: 'imports-lead-somewhere',
      severity: 'error',
      comment: 'A wall cannot be checked towards a file that is not there.',
      from: { path: source },
      to: { couldNotResolve: true, path: '^\\.', pathNot: '/generated/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      comment:
        'Two files that need each other to run are one file, or miss a third. Types may refer to each other: they are gone before anything is loaded.',
      from: { path: source },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'source-knows-no-tests',
      severity: 'error',
      comment: 'What is published must not need what is not.',
      from: { path: source },
      to: { path: '^(test|bin|examples)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(fixtures|generated)/' },
    tsPreCompilationDeps: true,
    moduleSystems: ['es6'],
    builtInModules: { add: ['node:sqlite', 'node:test'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
