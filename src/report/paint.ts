/** Gives the marks and colours in which the state of a step is shown. */
import type { StepStatus } from '../model/progress.ts';

/** Puts colours around text, or leaves it as it is. */
export interface Paint {
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/** A painter for a place that shows colours, or for one that does not. */
export function painter(color: boolean): Paint {
  const paint = (code: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { green: paint(32), red: paint(31), yellow: paint(33), dim: paint(2), bold: paint(1) };
}

/** One character for where a step is. */
const MARKS: Readonly<Record<StepStatus, string>> = {
  pending: '·',
  running: '▸',
  waiting: '◷',
  merging: '⑂',
  asking: '?',
  succeeded: '✔',
  failed: '✖',
  skipped: '-',
  blocked: '-',
  canceled: '■',
};

/** The mark in its colour. */
export function mark(status: StepStatus, paint: Paint): string {
  return shade(status, paint)(MARKS[status]);
}

/** The colour of a status. */
export function shade(status: StepStatus, paint: Paint): (text: string) => string {
  switch (status) {
    case 'succeeded':
      return paint.green;
    case 'failed':
      return paint.red;
    case 'running':
    case 'waiting':
    case 'merging':
    case 'asking':
    case 'canceled':
      return paint.yellow;
    case 'pending':
    case 'skipped':
    case 'blocked':
      return paint.dim;
  }
}
