/** Plants in a repository what an agent could plant there, and watches every git that is started. */

import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type Git, OBEY_NOBODY_ELSE } from '../../src/workspace/git.ts';
import { makeRepository, type Repository, RUN, realGit } from './repository.ts';

/** Where the plants lead. */
export interface Ground {
  readonly r: Repository;
  /** A program that leaves a line here would be found. */
  readonly canary: string;
  readonly program: string;
  /** A directory outside of the repository in which nothing may change. */
  readonly outside: string;
  /** A repository of somebody else, outside too. */
  readonly other: Repository;
}

/** What an agent does to the repository. `refused` where nothing may be recorded through it any more. */
export interface Plant {
  readonly make: (ground: Ground) => void;
  readonly refused?: boolean;
}

export function makeGround(r: Repository): Ground & { remove: () => void } {
  const canary = path.join(r.home, 'canary');
  const program = path.join(r.home, 'program');
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> ${canary}\ncat 2>/dev/null\nexit 0\n`);
  chmodSync(program, 0o755);
  const outside = path.join(r.home, 'outside');
  mkdirSync(path.join(outside, 'refs/heads'), { recursive: true });
  mkdirSync(path.join(outside, 'info'));
  writeFileSync(path.join(outside, 'precious'), 'precious\n');
  const other = makeRepository({ 'theirs.txt': 'theirs\n' });
  return { r, canary, program, outside, other, remove: () => other.remove() };
}

const HOOKS = [
  'applypatch-msg',
  'pre-commit',
  'post-checkout',
  'post-merge',
  'post-rewrite',
  'post-index-change',
  'reference-transaction',
  'fsmonitor-watchman',
  'pre-auto-gc',
  'update',
];

const evil = (program: string): string =>
  [
    `[core]\n\tfsmonitor = ${program}\n\tpager = ${program}\n\teditor = ${program}\n\tsshCommand = ${program}`,
    `\taskPass = ${program}\n\tgitProxy = ${program}\n\talternateRefsCommand = ${program}`,
    `[diff]\n\texternal = ${program}\n[diff "evil"]\n\tcommand = ${program}\n\ttextconv = ${program}`,
    `[merge "evil"]\n\tdriver = ${program}\n[merge]\n\ttool = evil`,
    `[filter "evil"]\n\tclean = ${program}\n\tsmudge = ${program}\n\tprocess = ${program}\n\trequired = true`,
    `[gpg]\n\tprogram = ${program}\n[commit]\n\tgpgSign = true\n[credential]\n\thelper = !${program}`,
    `[alias]\n\tls-files = !${program}\n\tdiff-files = !${program}\n\twrite-tree = !${program}\n`,
  ].join('\n');

const git = (r: Repository, name: string): string => path.join(r.root, '.git', name);

const ATTRIBUTES = '* filter=evil diff=evil merge=evil text=auto eol=crlf ident\n';

/** Everything that is told to git by a file in the tree or in a git directory. */
export const PLANTS: Readonly<Record<string, Plant>> = {
  hooks: {
    make: ({ r, canary }) => {
      mkdirSync(git(r, 'hooks'), { recursive: true });
      for (const hook of HOOKS)
        writeFileSync(git(r, `hooks/${hook}`), `#!/bin/sh\necho ${hook} >> ${canary}\n`, { mode: 0o755 });
    },
  },
  'config and attributes': {
    make: ({ r, program }) => {
      appendFileSync(git(r, 'config'), evil(program));
      mkdirSync(git(r, 'info'), { recursive: true });
      writeFileSync(git(r, 'info/attributes'), ATTRIBUTES);
      r.write('.gitattributes', ATTRIBUTES);
      r.write('dir/.gitattributes', ATTRIBUTES);
    },
  },
  'an included config, and one of the worktree': {
    make: ({ r, program, outside }) => {
      writeFileSync(git(r, 'evil'), evil(program));
      appendFileSync(
        git(r, 'config'),
        `[include]\n\tpath = evil\n[includeIf "gitdir:**"]\n\tpath = evil\n[extensions]\n\tworktreeConfig = true\n`,
      );
      writeFileSync(git(r, 'config.worktree'), `${evil(program)}[core]\n\tworktree = ${outside}\n`);
      r.write('.gitattributes', ATTRIBUTES);
    },
  },
  'alternates with a command for their refs': {
    make: ({ r, program, other }) => {
      appendFileSync(git(r, 'config'), evil(program));
      writeFileSync(git(r, 'objects/info/alternates'), `${other.root}/.git/objects\n`);
    },
  },
  'a remote that promises everything': {
    make: ({ r, canary }) =>
      appendFileSync(
        git(r, 'config'),
        `[extensions]\n\tpartialClone = evil\n[remote "evil"]\n\turl = ${r.root}\n\tpromisor = true\n\tuploadpack = "touch ${canary};"\n[protocol "file"]\n\tallow = always\n`,
      ),
  },
  'a file that names another common directory': {
    refused: true,
    make: ({ r, other }) => writeFileSync(git(r, 'commondir'), `${other.root}/.git\n`),
  },
  'a .git file that leads elsewhere': {
    refused: true,
    make: ({ r, other }) => {
      renameSync(git(r, ''), path.join(r.root, 'moved'));
      writeFileSync(path.join(r.root, '.git'), `gitdir: ${other.root}/.git\n`);
    },
  },
  'a .git that is a link': {
    refused: true,
    make: ({ r, other }) => {
      renameSync(git(r, ''), path.join(r.root, 'moved'));
      symlinkSync(path.join(other.root, '.git'), path.join(r.root, '.git'));
    },
  },
  ...Object.fromEntries(
    ['objects', 'refs', 'refs/heads', 'refs/codemachine', 'logs'].map((name): [string, Plant] => [
      `a link in the place of ${name}`,
      {
        refused: true,
        make: ({ r, outside }) => {
          rmSync(git(r, name), { recursive: true, force: true });
          symlinkSync(outside, git(r, name));
        },
      },
    ]),
  ),
  'links in the place of directories of objects': {
    refused: true,
    make: ({ r, outside }) => {
      for (let i = 0; i < 256; i++) {
        const fan = git(r, `objects/${i.toString(16).padStart(2, '0')}`);
        if (!existsSync(fan)) symlinkSync(outside, fan);
      }
    },
  },
  'a link in the place of our refs': {
    refused: true,
    make: ({ r, outside }) => {
      rmSync(git(r, `refs/codemachine/${RUN}`), { recursive: true, force: true });
      mkdirSync(git(r, 'refs/codemachine'), { recursive: true });
      symlinkSync(outside, git(r, `refs/codemachine/${RUN}`));
    },
  },
  'logs of our refs that are links': {
    refused: true,
    make: ({ r, outside }) => {
      mkdirSync(git(r, `logs/refs/codemachine/${RUN}`), { recursive: true });
      for (let i = 1; i < 9; i++)
        symlinkSync(path.join(outside, 'precious'), git(r, `logs/refs/codemachine/${RUN}/${i}`));
    },
  },
  'a HEAD that is a pipe': {
    refused: true,
    make: ({ r }) => {
      rmSync(git(r, 'HEAD'));
      spawnSync('mkfifo', [git(r, 'HEAD')]);
    },
  },
  'an index that is no index': { make: ({ r }) => writeFileSync(git(r, 'index'), 'DIRC but not really') },
  'an index that leads elsewhere': {
    make: ({ r, outside }) => {
      rmSync(git(r, 'index'), { force: true });
      symlinkSync(path.join(outside, 'precious'), git(r, 'index'));
    },
  },
  'a directory of the tree that leads elsewhere': {
    make: ({ r, outside }) => {
      rmSync(path.join(r.root, 'dir'), { recursive: true });
      symlinkSync(outside, path.join(r.root, 'dir'));
    },
  },
  'a hard link to a file outside': {
    make: ({ r, outside }) => {
      rmSync(path.join(r.root, 'a.txt'));
      linkSync(path.join(outside, 'precious'), path.join(r.root, 'a.txt'));
    },
  },
  'pipes and sockets': {
    make: ({ r }) => {
      rmSync(path.join(r.root, 'a.txt'));
      spawnSync('mkfifo', [path.join(r.root, 'a.txt'), path.join(r.root, 'pipe')]);
      const listen =
        "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
      spawnSync(process.execPath, ['-e', listen, path.join(r.root, 'socket')]);
    },
  },
  'our git directory as a link': {
    refused: true,
    make: ({ r, outside }) => {
      rmSync(ourDir(r), { recursive: true, force: true });
      mkdirSync(path.dirname(ourDir(r)), { recursive: true });
      symlinkSync(outside, ourDir(r));
    },
  },
  'links in our git directory': {
    make: ({ r, outside }) => {
      mkdirSync(ourDir(r), { recursive: true });
      for (const name of ['info', 'objects', 'refs']) {
        rmSync(path.join(ourDir(r), name), { recursive: true, force: true });
        symlinkSync(outside, path.join(ourDir(r), name));
      }
      for (const name of [
        'config',
        'HEAD',
        ...readdirSync(ourDir(r)).filter((one) => /^index-\w+$/.test(one)),
      ]) {
        rmSync(path.join(ourDir(r), name), { force: true });
        symlinkSync(path.join(outside, 'precious'), path.join(ourDir(r), name));
      }
    },
  },
  'our git directory with another config': {
    make: ({ r, program, other }) => {
      mkdirSync(path.join(ourDir(r), 'info'), { recursive: true });
      writeFileSync(path.join(ourDir(r), 'config'), evil(program));
      writeFileSync(path.join(ourDir(r), 'info/attributes'), ATTRIBUTES);
      writeFileSync(path.join(ourDir(r), 'commondir'), `${other.root}/.git`);
      cpSync(path.join(other.root, '.git/refs'), path.join(ourDir(r), 'refs'), { recursive: true });
    },
  },
};

function ourDir(r: Repository): string {
  return path.join(r.root, '.codemachine/state/git');
}

/** Questions about the user's own settings, which start nothing whatever the settings say. */
const ABOUT_THE_USER = [
  /^rev-parse --path-format=absolute /,
  /^worktree list --porcelain$/,
  /^config -z --type=path --get-regexp /,
];

/** Every variable of a git of ours, beside those that say where it works. */
const PROTECTION: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  HOME: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_LITERAL_PATHSPECS: '1',
};

/** Of these, ours only read refs, names and ids in the user's git directory; none of them looks at a file's content there. */
const THEIRS = [
  'symbolic-ref',
  'rev-parse',
  'update-ref',
  'for-each-ref',
  'ls-files',
  'worktree',
  'pack-refs',
  'config',
  'version',
];

/** A git that notes what it was asked without protection. `commands` are all that were used. */
export function watchedGit(): { git: Git; bare: string[]; commands: Set<string> } {
  const bare: string[] = [];
  const commands = new Set<string>();
  const git: Git = (args, options) => {
    const trouble = whyBare(args, options.env);
    if (trouble !== undefined) bare.push(`${trouble}: git ${args.join(' ')}`);
    commands.add(args.find((arg, i) => !arg.startsWith('-') && args[i - 1] !== '-c') ?? '');
    return realGit(args, options);
  };
  return { git, bare, commands };
}

function whyBare(args: readonly string[], env: Readonly<Record<string, string>>): string | undefined {
  if (ABOUT_THE_USER.some((one) => one.test(args.join(' ')))) {
    return env.GIT_DIR === undefined && env.GIT_ALLOW_PROTOCOL === 'none'
      ? undefined
      : 'a question of its own';
  }
  if (OBEY_NOBODY_ELSE.some((option, i) => args[i] !== option)) return 'options are missing';
  for (const [key, value] of Object.entries(PROTECTION)) if (env[key] !== value) return `${key} is not said`;
  const known = new Set([...Object.keys(PROTECTION), 'PATH', 'TMPDIR']);
  const where = Object.keys(env).filter((key) => !known.has(key));
  const odd = where.find(
    (key) =>
      !/^GIT_(DIR|COMMON_DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|CONFIG_(COUNT|KEY_0|VALUE_0)|(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE))$/.test(
        key,
      ),
  );
  if (odd !== undefined) return `${odd} is said`;
  for (const key of ['GIT_DIR', 'GIT_COMMON_DIR', 'GIT_WORK_TREE'])
    if (env[key] === undefined) return `no ${key}`;
  if (env.GIT_CONFIG_COUNT !== undefined && env.GIT_CONFIG_KEY_0 !== 'core.fsync') return 'a config is said';
  const rest = args.slice(OBEY_NOBODY_ELSE.length);
  while (rest[0] === '-c') rest.splice(0, 2);
  const ours = /\/\.codemachine\/state\/git$/.test(env.GIT_DIR ?? '');
  if (!ours && !THEIRS.includes(rest[0] ?? '')) return 'the user’s git directory is used';
  return undefined;
}

/** Whether anything was started. */
export function sang(canary: string): string {
  return existsSync(canary) ? readFileSync(canary, 'utf8') : '';
}
