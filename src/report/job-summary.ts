/** Sums a run up for the job summary of GitHub Actions. */
import { Buffer } from 'node:buffer';
import { fileNames } from '../model/file-name.ts';
import type { Plan } from '../model/plan.ts';
import type { Progress, StepProgress } from '../model/progress.ts';
import { isUntold } from '../model/spending.ts';
import { budgetLines } from './budgets.ts';
import type { Changes } from './changes.ts';
import { cleanForTerminal, lastLines, oneLine } from './clean.ts';
import { gateLines } from './gates.ts';
import { nextMoves } from './next-moves.ts';
import { mark, painter } from './paint.ts';
import { failedSteps, mayFail, stepFacts, stepsInOrder } from './steps.ts';
import { waitFact } from './waits.ts';
import { count, duration, money, usageWords } from './words.ts';

/** Bytes of a step's summary; GitHub takes none that is longer (docs.github.com, "Adding a job summary"). */
export const LARGEST_SUMMARY = 1024 * 1024;

const WIDEST = 300;
const LAST_LINES = 20;
const MOST_MESSAGE = 4000;
const MOST_ROWS = 300;
const MOST_OTHERS = 50;
const MOST_OUTPUTS = 50;
const MOST_FILES = 20;
const LONGEST_STAT = 100_000;
/** What GitHub's Mermaid draws (its `maxTextSize`), less a bit. */
const LONGEST_GRAPH = 45_000;
const NO_COLOR = painter(false);

/** What a job summary is made with. */
export interface JobSummaryOptions {
  readonly plan: Plan | undefined;
  readonly changes: Changes;
  /** The plan in Mermaid. */
  readonly graph?: string | undefined;
  /** What the run changed, as `git diff --stat` says it. */
  readonly stat?: string | undefined;
  /** Bytes that are left of the file. */
  readonly room?: number;
}

interface Told extends JobSummaryOptions {
  readonly progress: Progress;
  readonly steps: readonly StepProgress[];
  readonly failed: readonly StepProgress[];
}

/**
 * The summary, root cause first. All of it is HTML, in which nothing that others wrote is Markdown, a link or a mention; the graph
 * alone stands in a fence. What does not fit is left out, the longest and least telling first.
 */
export function jobSummary(progress: Progress, options: JobSummaryOptions): string {
  const steps = stepsInOrder(progress, options.plan);
  const told = { ...options, progress, steps, failed: failedSteps(steps, mayFail(options.plan)) };
  // In the order in which they are shown, with how early they give way.
  const parts: readonly (readonly [keep: number, text: string])[] = [
    [0, headline(told)],
    [1, rootCause(told)],
    [2, questions(told)],
    [4, stepTable(told)],
    [3, totals(told)],
    [5, changed(told)],
    [6, drawing(told)],
    [3, moves(told)],
  ];
  return fitting(parts, options.room ?? LARGEST_SUMMARY);
}

function fitting(parts: readonly (readonly [number, string])[], room: number): string {
  const there = parts.filter(([, text]) => text !== '');
  for (let most = 6; most >= 0; most--) {
    const kept = there.filter(([keep]) => keep <= most).map(([, text]) => text);
    const left = kept.length === there.length ? [] : ['<p>More does not fit into a job summary.</p>'];
    const text = `${[...kept, ...left].join('\n\n')}\n`;
    if (Buffer.byteLength(text) <= room) return text;
  }
  return '';
}

function headline({ progress, failed, steps }: Told): string {
  const { workflow = 'the run', status, run, startedAt, lastAt } = progress;
  const took =
    startedAt === undefined || lastAt === undefined
      ? ''
      : ` after ${duration(Date.parse(lastAt) - Date.parse(startedAt))}`;
  const sign = { succeeded: '✅', failed: '❌', parked: '⏸️' }[status as string] ?? '⚠️';
  const ran = steps.filter((step) => step.attempt > 0).length;
  const bad = failed.length === 0 ? '' : `, ${failed.length} failed`;
  return [
    `<h3>${sign} ${inline(workflow)}: ${status}${took}</h3>`,
    `<p>run ${inline(run ?? '')} · ${count(ran, 'step')} of ${steps.length} begun${bad}</p>`,
  ].join('\n');
}

function rootCause({ failed: [root, ...others] }: Told): string {
  if (root === undefined) return '';
  const { message = 'no reason was recorded', help } = root.failure ?? {};
  const text = cleanForTerminal(message.slice(0, MOST_MESSAGE), { color: false });
  const said = [root.values.stderr, root.values.stdout, root.values.text].find((one) => one?.trim());
  const lines = lastLines(said ?? '', LAST_LINES, WIDEST).filter((line) => !text.includes(line.trim()));
  const rest = others.slice(0, MOST_OTHERS);
  return [
    `<h4>${inline(root.key)} failed</h4>`,
    block([...text.split('\n'), ...lines.map((line) => `| ${line}`)]),
    ...(help === undefined ? [] : [`<p>What to do: ${inline(help)}</p>`]),
    ...(rest.length === 0
      ? []
      : [
          `<p>Failed too: ${rest.map(({ key, failure }) => `${inline(key)} (${inline(failure?.message ?? 'no reason was recorded')})`).join(', ')}${others.length > rest.length ? ` and ${others.length - rest.length} more` : ''}</p>`,
        ]),
  ].join('\n\n');
}

function questions({ progress }: Told): string {
  const lines = gateLines(progress, progress.lastAt ?? '');
  return lines.length === 0 ? '' : block(lines);
}

function stepTable({ steps, progress, plan }: Told): string {
  if (steps.length === 0) return '';
  const allowed = mayFail(plan);
  const today = progress.lastAt ?? '';
  const rows = steps.slice(0, MOST_ROWS).map((step) => {
    const waits = waitFact(progress, step, { now: undefined, today, plan: undefined });
    const facts = stepFacts(step, { now: undefined, waits, running: false, mayFail: allowed.has(step.key) });
    const cost = step.usage === undefined ? '' : inline(money(step.usage.usd));
    return `<tr><td>${mark(step.status, NO_COLOR)} ${inline(step.key)}</td><td>${inline(facts.join(' · '))}</td><td>${cost}</td></tr>`;
  });
  const more =
    steps.length > rows.length
      ? [`<tr><td>and ${count(steps.length - rows.length, 'more step')}</td><td></td><td></td></tr>`]
      : [];
  return [
    '<table>',
    '<tr><th>step</th><th>how it went</th><th>cost</th></tr>',
    ...rows,
    ...more,
    '</table>',
  ].join('\n');
}

function totals({ progress }: Told): string {
  const { outputs = {} } = progress;
  const named = Object.entries(outputs);
  const lines = [
    ...costOf(progress),
    ...budgetLines(progress, undefined).map(inline),
    ...named.slice(0, MOST_OUTPUTS).map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `<b>Output</b> ${inline(name)}: ${inline(text)}`;
    }),
    ...(named.length > MOST_OUTPUTS ? [`and ${count(named.length - MOST_OUTPUTS, 'more output')}`] : []),
  ];
  return lines.length === 0 ? '' : `<p>${lines.join('<br>\n')}</p>`;
}

function costOf({ usage, silent }: Progress): readonly string[] {
  if (usage === undefined ? silent === true : isUntold(usage)) return ['<b>Cost:</b> unknown'];
  if (usage === undefined) return [];
  const whole = silent === true ? { ...usage, usd: null } : usage;
  return [`<b>Cost:</b> ${inline(money(whole.usd))} (${inline(usageWords(whole))})`];
}

function changed({ changes, stat }: Told): string {
  const files = [...new Set([...changes.values()].flat())].sort();
  if (files.length === 0 || stat?.trim() === '') return '';
  const told = stat === undefined || stat.length > LONGEST_STAT ? undefined : stat.trimEnd().split('\n');
  // A line for each file, then their sum: commands take away what an agent made, and change files too.
  const many = told === undefined ? files.length : told.length - 1;
  return `<details open><summary>Changed ${count(many, 'file')}</summary>\n\n${block(told ?? [fileNames(files, MOST_FILES)])}\n\n</details>`;
}

function drawing({ graph }: Told): string {
  if (graph === undefined || graph.length > LONGEST_GRAPH || graph.includes('```')) return '';
  return `<details><summary>Graph</summary>\n\n\`\`\`mermaid\n${graph.trimEnd()}\n\`\`\`\n\n</details>`;
}

function moves({ progress, failed, ...told }: Told): string {
  const lines = nextMoves(progress, { ...told, failed });
  return lines.length === 0 ? '' : block(lines);
}

/** Lines as they are: in an element that ends at its end tag alone, blank lines or not. */
function block(lines: readonly string[]): string {
  return `<pre>${lines.map((line) => escaped(cleanForTerminal(line, { color: false }))).join('\n')}</pre>`;
}

/** One line in the middle of others: mentions and references count for nothing in it. */
function inline(text: string): string {
  return `<code>${escaped(oneLine(text, WIDEST))}</code>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
