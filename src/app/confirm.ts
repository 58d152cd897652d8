/** Asks a person whether to go on. */
import { createInterface } from 'node:readline/promises';

const LEAVING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Puts the question on standard error. Who goes away instead of answering, or answers nothing, has said no. */
export async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Node leaves a question open, or rejects it, when Ctrl-C or the end of input closes the terminal under it.
  const gone = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const leave = (): void => lines.close();
  for (const signal of LEAVING) process.on(signal, leave);
  try {
    const asked = lines.question(`${question} [y/N] `).catch(() => gone);
    return /^y(es)?$/i.test((await Promise.race([asked, gone])).trim());
  } finally {
    for (const signal of LEAVING) process.off(signal, leave);
    lines.close();
  }
}
