// Lists texts with which somebody who can only print tries to speak to the runner of GitHub Actions, or to whoever reads its pages.

/** Stands in each payload where it would do something. */
export const CANARY = 'forged';

const ESC = '\x1b';
const ZERO = '\u200b';

/** Sixty and more, each with the canary in it. */
export const PAYLOADS: readonly string[] = [
  // The second form, at the start of a line, behind each kind of blank and of line end.
  ...[
    'set-env name=A::',
    'set-output name=a::',
    'save-state name=a::',
    'add-path::',
    'add-mask::',
    'debug::',
    'add-matcher::',
    'remove-matcher owner=',
    'error::',
    'error file=a,line=1,title=x::',
    'warning::',
    'notice::',
    'group::',
    'endgroup::',
    'echo::on',
    'stop-commands::',
  ].map((command) => `::${command}${CANARY}${command.includes('owner=') ? '::' : ''}`),
  ...[' ', '\t', '\v', '\f', '\u00a0', '\u2003', '\u2028', '\u3000', '\ufeff', '\x85'].map(
    (blank) => `${blank}::error::${CANARY}`,
  ),
  ...['\r', '\n', '\r\n', '\r\r', '\n\r', '\x0c\n', `\x1b[0m\r`, '\u2029\n'].map(
    (end) => `x${end}::error::${CANARY}`,
  ),
  // Letters without weight, by which .NET finds what is not there.
  ...[
    `${ZERO}::error::${CANARY}`,
    `:${ZERO}:error::${CANARY}`,
    `::${ZERO}error::${CANARY}`,
    `::error:${ZERO}:${CANARY}`,
  ],
  ...[
    `\u00ad\u00ad::error::${CANARY}`,
    `\u2060::${ZERO}::error::${CANARY}`,
    `:\u200d:\ufe0f::error::${CANARY}`,
  ],
  // The first form, anywhere.
  ...[
    `##[error]${CANARY}`,
    `text ##[error]${CANARY}`,
    `##[group]${CANARY}`,
    `##[endgroup]${CANARY}`,
    `##[set-env name=A]${CANARY}`,
    `##[add-path]${CANARY}`,
    `##[stop-commands]${CANARY}`,
    `###[error]${CANARY}`,
    `##[[error]${CANARY}`,
    `##[ error]##[error]${CANARY}`,
  ],
  ...[`##${ZERO}[error]${CANARY}`, `#${ZERO}#[error]${CANARY}`, `#\u00ad#\u2060[warning]${CANARY}`],
  // Left over when something in between is taken out.
  ...[
    `#${ESC}[0m#[error]${CANARY}`,
    `##${ESC}[0m[error]${CANARY}`,
    `:${ESC}[2K:error::${CANARY}`,
    `#\b#[error]${CANARY}`,
    `\x07::error::${CANARY}`,
  ],
  ...[
    `${ESC}[31m::error::${CANARY}`,
    `#${ESC}]0;t\x07#[error]${CANARY}`,
    `:\x9b0m:error::${CANARY}`,
    `#\x00#[error]${CANARY}`,
    `#\u202e#[error]${CANARY}`,
  ],
  // What a terminal would obey: title, link, clipboard, screen.
  ...[
    `${ESC}]0;${CANARY}\x07`,
    `${ESC}]8;;https://${CANARY}.example${ESC}\\link${ESC}]8;;${ESC}\\`,
    `${ESC}]52;c;${CANARY}\x07`,
  ],
  ...[
    `${ESC}[2J${ESC}[H${CANARY}`,
    `\x9d52;c;${CANARY}\x9c`,
    `${ESC}P1$r${CANARY}${ESC}\\`,
    `good\r${CANARY}`,
  ],
  // Encoded, for who decodes once too often.
  ...[
    `%0A::error::${CANARY}`,
    `%0D%0A##[error]${CANARY}`,
    `%253A%253Aerror::${CANARY}`,
    `x%0a::set-env name=A::${CANARY}`,
  ],
  // Files of the runner, and Markdown.
  ...[
    `x\nstatus=${CANARY}\n`,
    `x\nA<<EOF\n${CANARY}\nEOF\n`,
    `x\nend-0\nstatus=${CANARY}`,
    `\nrun-id<<x\n${CANARY}\nx\n`,
  ],
  ...[
    `</pre><img src="https://${CANARY}.example/x">`,
    `</code></td></tr></table>\n\n# ${CANARY}`,
    `[${CANARY}](https://evil.example)`,
  ],
  ...[
    `\n\n\`\`\`\n# ${CANARY}\n\`\`\``,
    `<!-- ${CANARY}`,
    `@${CANARY} https://evil.example #1`,
    `"]; click s0 "https://${CANARY}.example"`,
  ],
];
