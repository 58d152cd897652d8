/** Keeps what steps say at the same time apart, in groups of a log that knows one group at a time. */
import { workflowCommand } from './workflow-command.ts';

/** What is said of steps, in the order in which it can be shown. Lines are harmless and have no end. */
export interface Sections {
  /** An attempt begins; its group is written once there is something to put into it. */
  begin(step: string, title: string): void;
  /** Lines of a step: shown at once where its group is the open one or none is, and with its end otherwise. */
  say(step: string, lines: readonly string[]): void;
  /** Lines about a step: into its group, or between the groups where it has none. */
  about(step: string, lines: readonly string[]): void;
  /** Lines between the groups. */
  between(lines: readonly string[]): void;
  /** Shows what a step has said, closes its group, then says how it ended. */
  end(step: string, lines: readonly string[]): void;
  /** Shows what is left. */
  close(): void;
}

/** Of a step whose group is not open so much is kept, in characters: nobody reads an hour of a chatty child at once. */
const MOST_HELD = 256 * 1024;

interface Section {
  readonly title: string;
  readonly held: string[];
  length: number;
  dropped: boolean;
  /** Its group was opened before. */
  begun: boolean;
}

/** Starts with no group open. */
export function sections(write: (text: string) => void): Sections {
  const all = new Map<string, Section>();
  const group = groups(write);

  const say = (step: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    const section = all.get(step) ?? opened(step);
    all.set(step, section);
    hold(section, lines);
    if (group.isFree(section)) group.show(section);
  };
  const between = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    group.shut();
    group.print(lines);
  };
  const finish = (step: string): void => {
    const section = all.get(step);
    if (section === undefined) return;
    if (section.held.length > 0) group.show(section);
    if (group.isFree(section)) group.shut();
    all.delete(step);
  };
  return {
    begin: (step, title) => {
      finish(step);
      all.set(step, opened(title));
    },
    say,
    about: (step, lines) => {
      if (all.has(step)) say(step, lines);
      else between(lines);
    },
    between,
    end: (step, lines) => {
      finish(step);
      between(lines);
    },
    close: () => {
      for (const step of [...all.keys()]) finish(step);
      group.shut();
    },
  };
}

/** The one group of the log. */
interface Groups {
  print(lines: readonly string[]): void;
  /** Prints what a section holds, in its group. */
  show(section: Section): void;
  shut(): void;
  /** Whether no other group is open than that of the section. */
  isFree(section: Section): boolean;
}

function groups(write: (text: string) => void): Groups {
  let open: Section | undefined;
  const print = (lines: readonly string[]): void => {
    if (lines.length > 0) write(`${lines.join('\n')}\n`);
  };
  const shut = (): void => {
    if (open !== undefined) print([workflowCommand('endgroup', {}, '')]);
    open = undefined;
  };
  return {
    print,
    shut,
    show: (section) => {
      if (open !== section) {
        shut();
        print([workflowCommand('group', {}, `${section.title}${section.begun ? ' (goes on)' : ''}`)]);
        section.begun = true;
        open = section;
      }
      const left = section.dropped ? ['… what came before is left out here; `codemachine logs` has it'] : [];
      print([...left, ...section.held.splice(0)]);
      section.length = 0;
      section.dropped = false;
    },
    isFree: (section) => open === undefined || open === section,
  };
}

function opened(title: string): Section {
  return { title, held: [], length: 0, dropped: false, begun: false };
}

function hold(section: Section, lines: readonly string[]): void {
  for (const line of lines) {
    section.held.push(line);
    section.length += line.length;
  }
  while (section.length > MOST_HELD && section.held.length > 1) {
    section.length -= section.held.shift()?.length ?? 0;
    section.dropped = true;
  }
}
