/** Judges the patterns of files that an expression gives to `changed()` and `hashFiles()`. */
import { type FunctionCall, Literal } from '@actions/expressions/ast';
import type { View } from './expression-check.ts';
import { toJson } from './expression-values.ts';
import { leadsOut } from './scalars.ts';

/** Complains about patterns that no file of the workspace can ever fit. What is calculated is known when it runs. */
export function checkGlobs({ args }: FunctionCall, view: View): void {
  const written = args.flatMap((node) =>
    node instanceof Literal ? [{ node, value: toJson(node.literal) }] : [],
  );
  for (const { node, value } of written) {
    const why = whyNever(value);
    if (why !== undefined) view.report('bad-glob', node, { glob: String(value), ...why });
  }
  const [first] = written;
  const all = written.map(({ value }) => value);
  if (first === undefined || written.length < args.length) return;
  if (all.every((value) => typeof value === 'string' && value.startsWith('!')))
    view.report('bad-glob', first.node, {
      glob: String(first.value),
      problem: 'it takes away from the patterns before it, and there are none',
      help: `put \`'**'\` before it, or the files that it is about`,
    });
}

function whyNever(value: unknown): { readonly problem: string; readonly help: string } | undefined {
  if (typeof value !== 'string')
    return { problem: 'a pattern is a text', help: "write it in single quotes: `'src/**'`" };
  const plain = value.replace(/^!/, '');
  if (plain.trim() === '')
    return { problem: 'no file fits an empty pattern', help: "write `'**'` for every file" };
  if (leadsOut(plain) || plain.split('/').includes('..'))
    return {
      problem: 'it leads out of the workspace, where no file is looked for',
      help: "write it from the root of the workspace: `'src/**'`",
    };
  if (plain.endsWith('/'))
    return { problem: 'it names a folder, and only files are looked at', help: `write \`'${plain}**'\`` };
  return undefined;
}
