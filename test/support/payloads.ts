// Writes texts that would start a command wherever one of the usual languages took them for a part of itself.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import naughty from 'big-list-of-naughty-strings' with { type: 'json' };

/** What begins the name of each file that a payload would make. */
const CANARY = 'canary-';

/** Ways to make a file, with what shells have built in and without; `file` is its path, `name` one relative to wherever that is. */
const COMMANDS: readonly ((file: string, name: string) => string)[] = [
  (file) => `touch ${file}`,
  (file) => `>${file}`,
  (_, name) => `touch ${name}`,
  (_, name) => `touch\${IFS}${name}`,
  (file) => `/bin/sh -c ': > ${file}'`,
  (file) => `node -e "fs.writeFileSync('${file}','')"`,
  (file) => `require('fs').writeFileSync('${file}','')`,
  (file) => `__import__('pathlib').Path('${file}').touch()`,
];

/** Places in which a command starts, in shells, in programs that take options, in file formats, in logs, in templates. */
const SHAPES: readonly ((command: string) => string)[] = [
  ...[(c: string) => `$(${c})`, (c: string) => `\`${c}\``, (c: string) => `; ${c}`, (c: string) => `| ${c}`],
  ...[
    (c: string) => `|| ${c}`,
    (c: string) => `&& ${c}`,
    (c: string) => `& ${c}`,
    (c: string) => `"; ${c}; "`,
  ],
  ...[
    (c: string) => `'; ${c}; '`,
    (c: string) => `"$(${c})"`,
    (c: string) => `'$(${c})'`,
    (c: string) => `'"$(${c})"'`,
  ],
  ...[
    (c: string) => `x\n${c}\n`,
    (c: string) => `\r${c}\r`,
    (c: string) => `x\r\n${c}\r\n`,
    (c: string) => `\n`.repeat(3) + c,
  ],
  ...[
    (c: string) => `\${x:-$(${c})}`,
    (c: string) => `$((a[$(${c})]))`,
    (c: string) => `a[$(${c})]`,
    (c: string) => `<(${c})`,
  ],
  ...[
    (c: string) => `{ ${c}; }`,
    (c: string) => `() { :; }; ${c}`,
    (c: string) => `!${c}`,
    (c: string) => `\\$(${c})\\`,
  ],
  ...[
    (c: string) => `-c ${c}`,
    (c: string) => `--upload-pack=${c}`,
    (c: string) => `-c core.sshCommand=${c}`,
  ],
  ...[(c: string) => `-oProxyCommand=${c}`, (c: string) => `--exec=${c}`, (c: string) => `ext::sh -c ${c}`],
  ...[
    (c: string) => `--config alias.x=!${c}`,
    (c: string) => `@$(${c})`,
    (c: string) => `%s%n$(${c})`,
    (c: string) => `*?[a-z]$(${c})`,
  ],
  ...[
    (c: string) => `../../$(${c})`,
    (c: string) => `~/$(${c})`,
    (c: string) => `/run ${c}`,
    (c: string) => `/$(${c})`,
  ],
  ...[
    (c: string) => `::set-env name=BASH_ENV::$(${c})`,
    (c: string) => `##[command]${c}`,
    (c: string) => `x\n::error::${c}`,
  ],
  ...[
    (c: string) => `\x1b]0;$(${c})\x07`,
    (c: string) => `\x1b[2J$(${c})\x9b2J`,
    (c: string) => `\u202e$(${c})\u2028${c}`,
  ],
  ...[
    (c: string) => `x\n- run: ${c}`,
    (c: string) => `": {run: "${c}"}`,
    (c: string) => `!!js/function ${c}`,
  ],
  ...[(c: string) => `","command":"${c}","x":"`, (c: string) => `"\nnotify=["sh","-c","${c}"]\nx="`],
  ...[
    (c: string) => `"""\nnotify=['sh','-c','''${c}''']\n`,
    (c: string) => `'''\n${c}\n'''`,
    (c: string) => `\${{ format('{0}', '${c}') }}`,
  ],
  ...[
    (c: string) => `\${{ inputs.x }}$(${c})`,
    (c: string) => `{{${c}}}`,
    (c: string) => `<%= ${c} %>`,
    (c: string) => `#{${c}}`,
  ],
  ...[
    (c: string) => `END\n${c}`,
    (c: string) => `EOF\nother=$(${c})\nEOF`,
    (c: string) => `name=$(${c})`,
    (c: string) => `other<<END\n${c}\nEND`,
  ],
  ...[
    (c: string) => `]]>$(${c})<![CDATA[`,
    (c: string) => `"><img onerror=${c}>`,
    (c: string) => `"]; x -> y; click x "${c}`,
  ],
  ...[
    (c: string) => `]\n[alias]\n\tx = !${c}`,
    (c: string) => `:(exclude)$(${c})`,
    (c: string) => ` ${c} `,
    (c: string) => `\t$(${c})\t`,
  ],
];

/** What has no command in it, and is taken for something all the same. */
const WORDS = [
  // Where it is cut, a letter of two halves is.
  `a${'𝕬'.repeat(30)}`,
  ...[
    '-',
    '--',
    '-x',
    '--help',
    '--version',
    '@',
    '@/etc/passwd',
    '/init',
    '!',
    '.',
    '..',
    '../..',
    '/',
    '~',
    '*',
  ],
  ...[
    '**',
    '{0}',
    '%s',
    '${{',
    '}}',
    '${{ secrets.X }}',
    '<<END',
    '=',
    'null',
    'true',
    '0',
    '[]',
    '{}',
    '[skip ci]',
  ],
  ...[
    'CON',
    'HEAD',
    'refs/heads/main',
    '.git',
    '.git/config',
    '.codemachine/config.yml',
    '__proto__',
    'constructor',
  ],
];

/**
 * The texts of one sink; each has a canary of its own in `directory`, an absolute path without anything that is quoted.
 * @param few each place with one of the commands only, in turns
 */
export function payloads(directory: string, sink: string, few = false): readonly string[] {
  const made = SHAPES.flatMap((shape, s) =>
    COMMANDS.flatMap((command, c) => {
      const name = `${CANARY}${sink}-${s}-${c}`;
      return few && s % COMMANDS.length !== c ? [] : [shape(command(path.join(directory, name), name))];
    }),
  );
  return [...new Set([...made, ...WORDS])];
}

/** The Big List of Naughty Strings, whose texts do little where they are obeyed, and are hard to carry. */
export const naughtyStrings: readonly string[] = [...new Set(naughty as readonly string[])];

/** The canaries that were made anywhere below these directories: each is a payload that was obeyed. */
export function canaries(...directories: readonly string[]): readonly string[] {
  return directories.flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) =>
      path.basename(file).startsWith(CANARY),
    ),
  );
}
