/** Puts into words what a project was given. */
import path from 'node:path';
import { table } from '../../report/table.ts';
import { gitIsHere } from '../git-here.ts';
import { shown } from '../place.ts';
import { enginesOf, type Known, leftOpen, nextLine, type Outcome, runLine } from './outcome.ts';

/** One thing that was looked at, as `doctor` says it. */
interface Note {
  readonly mark: '✔' | '–';
  readonly what: string;
  readonly found: string;
  readonly help?: string;
}

/** What people are shown. */
export function initText(outcome: Outcome): string {
  const { place, written, kept } = outcome;
  const at = { ...place, cwd: process.cwd() };
  const name = (file: string): string => shown(at, path.join(place.root, file));
  const files = [
    ...written.map((file) => `wrote ${name(file)}`),
    ...kept.map((file) => `${name(file)} is there already, and stays as it is`),
  ];
  const notes = [
    ...gitNotes(outcome),
    ...engineNotes(outcome),
    ...testNotes(outcome, name(outcome.file)),
    ...ownNotes(outcome, name(outcome.file)),
  ];
  const rows = table(notes.map(({ mark, what, found }) => [mark, what, found]));
  const noted = notes.flatMap(({ help }, index) => [
    rows[index] ?? '',
    ...(help === undefined ? [] : [`    ${help}`]),
  ]);
  return `${[...files, '', ...noted, ...(noted.length === 0 ? [] : ['']), ...moves(outcome)].join('\n')}\n`;
}

function moves(outcome: Outcome): readonly string[] {
  const [next, run] = [nextLine(outcome), runLine(outcome)];
  const own = run.includes(' --input ') ? ', in your own words' : '';
  const first = outcome.place.hasGit || gitIsHere(process.env) ? '' : ', once git is installed';
  if (next === run) return [`next${first}${own}:`, `  ${run}`];
  return [`next${first}:`, `  ${next}`, '', `when nothing is missing any more${own}:`, `  ${run}`];
}

function gitNotes({ place, ignored, file, git }: Outcome): readonly Note[] {
  const notes = git.map(({ what, found, help }): Note => {
    return { mark: '–', what, found, ...(help === undefined ? {} : { help }) };
  });
  if (!place.hasGit)
    return [
      ...notes,
      {
        ...{ mark: '–', what: 'git', found: 'this is no repository: agents that write are refused here' },
        help: '`git init` makes one; what an agent has half done is undone with it',
      },
    ];
  if (ignored === undefined) return notes;
  const found = `${file} stays out of commits, by ${ignored}`;
  const help = 'to share the workflow, ignore `.codemachine/state/` alone';
  return [...notes, { mark: '–', what: 'git', found, help }];
}

function engineNotes(outcome: Outcome): readonly Note[] {
  const used = enginesOf(outcome);
  const known = outcome.engines;
  const notes = used.map((name) =>
    engineNote(
      name,
      known.find((one) => one.name === name),
    ),
  );
  const others = known.filter(({ name, isHere }) => isHere && !used.includes(name)).map(({ name }) => name);
  const also: Note = { mark: '✔', what: 'also here', found: others.join(', ') };
  return others.length === 0 || used.length === 0 ? notes : [...notes, also];
}

function engineNote(name: string, engine: Known | undefined): Note {
  const what = name;
  if (engine === undefined || !engine.isHere)
    return {
      mark: '–',
      what,
      found: 'not found',
      ...(engine?.help === undefined ? {} : { help: engine.help }),
    };
  const version = engine.version ?? 'found';
  if (engine.signedIn?.state !== 'no') return { mark: '✔', what, found: version };
  return { mark: '–', what, found: `${version}, nothing that signs it in`, help: engine.signedIn.help };
}

function testNotes({ tests }: Outcome, file: string): readonly Note[] {
  if (tests === undefined || tests.lines.length === 0) return [];
  const { command, lines, missing } = tests;
  if (command !== undefined && missing !== undefined) {
    const found = `\`${command.command}\`, from ${command.from}; \`${missing}\` is not installed here`;
    return [{ mark: '–', what: 'tests', found, help: 'install it, or put its directory on PATH' }];
  }
  if (command !== undefined)
    return [{ mark: '✔', what: 'tests', found: `\`${command.command}\`, from ${command.from}` }];
  const where = lines.length === 1 ? `line ${lines[0]}` : `lines ${lines.join(', ')}`;
  const help = `write it into ${where} of ${file}; what stands there now fails`;
  return [{ mark: '–', what: 'tests', found: 'no command that runs them was found', help }];
}

function ownNotes(outcome: Outcome, workflow: string): readonly Note[] {
  return leftOpen(outcome).map(({ file, line }): Note => {
    const help = `it is for you to write; line ${line} of ${workflow} says what it is for`;
    return { mark: '–', what: 'yours', found: `${file} is not there`, help };
  });
}

/** What programs are told: `schemas/init.schema.json`. */
export function initJson(outcome: Outcome) {
  const { place, template, file, written, kept, engines, tests, ignored } = outcome;
  const used = enginesOf(outcome);
  return {
    root: place.root,
    git: place.hasGit,
    template,
    workflow: file,
    written,
    kept,
    engines: engines.flatMap(({ name, isHere, version, signedIn }) =>
      isHere || used.includes(name)
        ? [
            {
              ...{ name, used: used.includes(name), found: isHere },
              ...(version === undefined ? {} : { version }),
              ...(signedIn === undefined ? {} : { 'signed-in': signedIn.state }),
            },
          ]
        : [],
    ),
    ...(tests === undefined ? {} : { tests: tests.command ?? null }),
    open: leftOpen(outcome).map(({ file }) => file),
    ...(ignored === undefined ? {} : { ignored }),
    next: nextLine(outcome),
  };
}
