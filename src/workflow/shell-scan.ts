/** Reads a shell script as far as it takes to say which command an expression belongs to, giving up on what it does not know. */

/** How a variable is read at a place: in double quotes of its own, or inside quotes (or a comment) that are there already. */
export type FencePlace = 'word' | 'quoted';

/** Stands for an expression in the script that is looked at. No YAML text has it as it stands; one that has it by an escape is left alone. */
export const FENCE = '\0';

/** Programs that only pass on what they are given on standard input. */
const PASSING = new Set(['cat', 'tee', 'git', 'gh']);

/** In place of a word's number: the expression stands in brackets, or in a here-document. */
export const INSIDE = -2;

/** Commands that hand their output on, with the expressions in them by number of expression and of word. */
export interface Pipeline {
  readonly words: string[];
  readonly fences: { readonly index: number; readonly word: number; readonly carried: boolean }[];
  writes: boolean;
}

interface Heredoc {
  readonly delimiter: string;
  readonly tabs: boolean;
  readonly literal: boolean;
  readonly by: Pipeline;
}

interface Frame {
  pipeline: Pipeline;
  word: string;
  /** Whether the brackets end with `)`, or quotes go on behind it. */
  readonly closes: boolean;
  readonly quoted: boolean;
  /** How many pipelines were over when it began. */
  readonly from: number;
}

/** A script that is being read. */
export interface Scan {
  readonly text: string;
  at: number;
  fence: number;
  readonly places: (FencePlace | undefined)[];
  readonly frames: Frame[];
  readonly pipelines: Pipeline[];
  heredocs: Heredoc[];
  quoted: boolean;
  /** Whether something was met that this does not understand. */
  lost: boolean;
}

/** Reads a whole script; undefined where something in it is not understood. */
export function scanShell(script: string, fences: number): Scan | undefined {
  const first: Frame = { pipeline: pipeline(), word: '', closes: false, quoted: false, from: 0 };
  const scan: Scan = {
    text: `${script}\n`,
    at: 0,
    fence: 0,
    places: Array.from({ length: fences }, () => undefined),
    frames: [first],
    pipelines: [],
    heredocs: [],
    quoted: false,
    lost: false,
  };
  while (scan.at < scan.text.length && !scan.lost) (scan.quoted ? inQuotes : inCommand)(scan);
  const open = scan.quoted || scan.frames.length > 1 || scan.heredocs.length > 0;
  return scan.lost || open ? undefined : scan;
}

function pipeline(): Pipeline {
  return { words: [], fences: [], writes: false };
}

function top(scan: Scan): Frame {
  return scan.frames[scan.frames.length - 1] as Frame;
}

/** Whether a word gives a variable its value. */
export function isAssignment(word: string): boolean {
  return /^[A-Za-z_]\w*\+?=/.test(word);
}

function meet(scan: Scan, place: FencePlace | undefined): void {
  const { pipeline: own, word } = top(scan);
  const carried =
    isAssignment(word) || ['export', 'declare', 'local', 'readonly', 'typeset'].includes(own.words[0] ?? '');
  own.fences.push({ index: scan.fence, word: own.words.length, carried });
  scan.places[scan.fence++] = place;
  top(scan).word += FENCE;
}

function endWord(scan: Scan): void {
  const frame = top(scan);
  if (frame.word === '') return;
  frame.pipeline.words.push(frame.word);
  frame.word = '';
}

function endPipeline(scan: Scan): void {
  endWord(scan);
  const frame = top(scan);
  if (frame.pipeline.words.length > 0) scan.pipelines.push(frame.pipeline);
  frame.pipeline = pipeline();
}

function inQuotes(scan: Scan): void {
  const { text, at } = scan;
  const letter = text[at];
  if (letter === '$') {
    dollar(scan);
    return;
  }
  if (letter === '"') scan.quoted = false;
  else if (letter === '\\') {
    if (text[at + 1] === FENCE) scan.lost = true;
    top(scan).word += text[++scan.at] ?? '';
  } else if (letter === FENCE) meet(scan, 'quoted');
  else top(scan).word += letter;
  scan.at++;
}

function dollar(scan: Scan): void {
  const { text, at } = scan;
  if (text.startsWith('$((', at) || text.startsWith('$[', at) || text[at + 1] === FENCE) scan.lost = true;
  else if (text[at + 1] === '(') open(scan, 2);
  else if (text[at + 1] === '{') {
    const end = text.indexOf('}', at);
    const inner = text.slice(at, end);
    // What stands in such braces is a language of its own.
    if (end === -1 || !/^\$\{[#!]?\w+([:%#/^,@*+=?-][^"'`$\\{\0]*)?$/.test(inner)) scan.lost = true;
    top(scan).word += `${inner}}`;
    scan.at = end + 1;
  } else if (!scan.quoted && text[at + 1] === "'") scan.lost = true;
  else {
    top(scan).word += '$';
    scan.at++;
  }
}

function open(scan: Scan, length: number): void {
  const from = scan.pipelines.length;
  scan.frames.push({ pipeline: pipeline(), word: '', closes: true, quoted: scan.quoted, from });
  scan.quoted = false;
  scan.at += length;
}

// What stands in brackets is given to the command around them, and obeyed where that obeys.
function close(scan: Scan): void {
  endPipeline(scan);
  const frame = scan.frames.pop();
  // What such a here-document brings would be read where nothing tells whose it is.
  if (scan.heredocs.length > 0) scan.lost = true;
  if (frame === undefined || !frame.closes || scan.frames.length === 0) {
    scan.lost = true;
    return;
  }
  scan.quoted = frame.quoted;
  const outer = top(scan);
  for (const inner of scan.pipelines.slice(frame.from)) {
    for (const { index } of inner.fences)
      outer.pipeline.fences.push({ index, word: INSIDE, carried: isAssignment(outer.word) });
  }
  outer.word += '()';
  scan.at++;
}

function inCommand(scan: Scan): void {
  const { text, at } = scan;
  const letter = text[at] ?? '';
  if (letter === FENCE) {
    meet(scan, 'word');
    scan.at++;
  } else if (letter === "'") singleQuotes(scan);
  else if (letter === '"') {
    scan.quoted = true;
    scan.at++;
  } else if (letter === '\\') {
    if (text[at + 1] === FENCE) scan.lost = true;
    if (text[at + 1] !== '\n') top(scan).word += text[at + 1] ?? '';
    scan.at += 2;
  } else if (letter === '$') dollar(scan);
  else if (letter === '#' && top(scan).word === '' && /[\s;&|(]/.test(text[at - 1] ?? ' ')) comment(scan);
  else if (letter === '<' || letter === '>') redirect(scan);
  else operator(scan, letter);
}

function operator(scan: Scan, letter: string): void {
  const { text, at } = scan;
  const frame = top(scan);
  if (letter === '(') {
    // A function, an array, arithmetic: what a word means there is another matter.
    if (frame.word !== '' || text[at + 1] === '(' || text[at + 1] === ')') scan.lost = true;
    open(scan, 1);
  } else if (letter === ')') close(scan);
  else if (letter === '|' && text[at + 1] !== '|') {
    endWord(scan);
    frame.pipeline.words.push('|');
    scan.at += text[at + 1] === '&' ? 2 : 1;
  } else if (letter === '\n' || letter === ';' || letter === '&' || letter === '|') {
    endPipeline(scan);
    scan.at += 1;
    if (letter === '\n') bodies(scan);
  } else if (letter === ' ' || letter === '\t' || letter === '\r') {
    endWord(scan);
    if (frame.pipeline.words.at(-1) === '[[') scan.lost = true;
    scan.at++;
  } else {
    frame.word += letter;
    scan.at++;
  }
}

function singleQuotes(scan: Scan): void {
  const end = scan.text.indexOf("'", scan.at + 1);
  if (end === -1) {
    scan.lost = true;
    return;
  }
  const inner = scan.text.slice(scan.at + 1, end);
  for (const letter of inner) {
    if (letter === FENCE) meet(scan, undefined);
    else top(scan).word += letter;
  }
  scan.at = end + 1;
}

function comment(scan: Scan): void {
  const end = scan.text.indexOf('\n', scan.at);
  for (const letter of scan.text.slice(scan.at, end))
    if (letter === FENCE) scan.places[scan.fence++] = 'quoted';
  scan.at = end;
}

function redirect(scan: Scan): void {
  const { text, at } = scan;
  if (/^\d+$/.test(top(scan).word)) top(scan).word = '';
  endWord(scan);
  if (text.startsWith('<<<', at)) scan.at += 3;
  else if (text.startsWith('<<', at)) heredoc(scan);
  else if (text[at + 1] === '(' || text[at - 1] === '&') scan.lost = true;
  else {
    if (text[at] === '>' || text[at + 1] === '>') top(scan).pipeline.writes = true;
    top(scan).pipeline.words.push('>');
    scan.at += 1 + (/^[>&|]/.test(text.slice(at + 1)) ? 1 : 0);
  }
}

function heredoc(scan: Scan): void {
  const found = /^<<(-?)[ \t]*(?:'([^'\n\0]*)'|"([^"\n\0]*)"|([\w.-]+))(?=[\s;|&)>])/.exec(
    scan.text.slice(scan.at),
  );
  if (found === null) {
    scan.lost = true;
    return;
  }
  const [whole, dash, single, double, bare] = found;
  const delimiter = single ?? double ?? bare ?? '';
  scan.heredocs.push({ delimiter, tabs: dash === '-', literal: bare === undefined, by: top(scan).pipeline });
  scan.at += whole.length;
}

// A here-document begins on the line after the one that names it.
function bodies(scan: Scan): void {
  const waiting = scan.heredocs;
  scan.heredocs = [];
  for (const { delimiter, tabs, literal, by } of waiting) {
    const start = scan.at;
    let end = start;
    for (;;) {
      const stop = scan.text.indexOf('\n', end);
      if (stop === -1) {
        scan.lost = true;
        return;
      }
      const line = scan.text.slice(end, stop);
      if ((tabs ? line.replace(/^\t+/, '') : line) === delimiter) break;
      end = stop + 1;
    }
    const body = scan.text.slice(start, end);
    const passed = by.words.every((word, i) => (i > 0 && by.words[i - 1] !== '|') || PASSING.has(word));
    const plain = !literal && passed && !/\$[({[]|\\/.test(body);
    for (const letter of body) {
      if (letter !== FENCE) continue;
      by.fences.push({ index: scan.fence, word: INSIDE, carried: true });
      scan.places[scan.fence++] = plain ? 'quoted' : undefined;
    }
    scan.at = end + delimiterLine(scan.text, end);
  }
}

function delimiterLine(text: string, at: number): number {
  return text.indexOf('\n', at) + 1 - at;
}
