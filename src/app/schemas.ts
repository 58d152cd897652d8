/** Knows the schemas that are shipped, with what each is about. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { table } from '../report/table.ts';
import { answer } from './programs.ts';

/** The schemas by name: of files that are written by hand, then of what is printed. */
export const SCHEMAS = [
  ...['workflow', 'config', 'test'],
  ...['apply', 'cost', 'decision', 'detached', 'diagnostics', 'diff', 'doctor', 'engines', 'error', 'event'],
  ...['export', 'gc', 'import', 'init', 'logs', 'plan', 'request', 'restore', 'runs', 'schemas', 'status'],
  ...['templates', 'test-report', 'version'],
] as const;

/** Which of them describe what a command prints with `--json`; `error` is what any of them may print. */
export const PRINTED_BY: Readonly<Record<string, readonly (typeof SCHEMAS)[number][]>> = {
  answer: ['decision', 'event'],
  apply: ['apply'],
  approve: ['decision', 'event'],
  cancel: ['request'],
  cost: ['cost'],
  diff: ['diff'],
  doctor: ['doctor'],
  engines: ['engines'],
  export: ['export'],
  gc: ['gc'],
  import: ['import'],
  init: ['init', 'templates'],
  logs: ['logs'],
  pause: ['request'],
  plan: ['plan'],
  reject: ['decision', 'event'],
  restore: ['restore'],
  resume: ['event'],
  retry: ['event'],
  run: ['event', 'plan', 'detached'],
  runs: ['runs'],
  schema: ['schemas'],
  status: ['status', 'event'],
  test: ['test-report'],
  validate: ['diagnostics'],
};

/** Prints one of them, or says which there are. `root` is the directory of package.json. */
export async function printSchema(root: string, name: string | undefined, json: boolean): Promise<void> {
  if (name !== undefined) {
    process.stdout.write(await readSchema(root, name));
    return;
  }
  const all = await Promise.all(
    SCHEMAS.map(async (one) => {
      const { title } = JSON.parse(await readSchema(root, one)) as { readonly title: string };
      return { name: one, title };
    }),
  );
  if (json) answer(all);
  else process.stdout.write(`${table(all.map((one) => [one.name, one.title])).join('\n')}\n`);
}

function readSchema(root: string, name: string): Promise<string> {
  return readFile(path.join(root, 'schemas', `${name}.schema.json`), 'utf8');
}
