/** Reads the globs of files that a step promises. */
import type { Template } from '../model/expression.ts';
import type { StepCommon } from '../model/workflow.ts';
import { isFence } from './declarations.ts';
import { complain, type Reading, templateOf } from './reading.ts';
import { child, type Node } from './tree.ts';
import { judgeTreePath } from './tree-paths.ts';

/** One glob, or a list. One with an expression is judged when it is filled in. */
export function readArtifacts(reading: Reading, step: Node): Pick<StepCommon, 'artifacts'> {
  const node = child(step, 'artifacts');
  if (node === undefined) return {};
  const globs = (node.kind === 'list' ? node.items : [node]).flatMap((item): readonly Template[] => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '') return [];
    if (!isFence(item)) judgeTreePath(reading, item, 'artifacts');
    const glob = templateOf(reading, item);
    return glob === undefined ? [] : [glob];
  });
  const written = (node.kind === 'list' ? node.items : [node]).filter((item) => item.kind === 'scalar');
  const [first] = written;
  if (first !== undefined && written.every(({ value }) => typeof value === 'string' && value.startsWith('!')))
    complain(reading, 'bad-glob', first.at, {
      glob: String(first.value),
      problem: 'it takes away from the patterns before it, and there are none',
      help: 'put the files that the step makes before it: `dist/**`',
    });
  return globs.length === 0 ? {} : { artifacts: globs };
}
