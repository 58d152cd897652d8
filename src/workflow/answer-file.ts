/** Reads the schema that an agent is to answer in, from the step or from a file that it names. */
import type { JsonObject } from '../model/result.ts';
import { isFence } from './declarations.ts';
import { complain, type Reading, readNamedFile } from './reading.ts';
import { type Node, plainValue } from './tree.ts';

/** The schema; undefined where there is none, or none that could be read. */
export function readAnswer(reading: Reading, node: Node | undefined): JsonObject | undefined {
  if (node?.kind === 'map') return plainValue(node) as JsonObject;
  if (node?.kind !== 'scalar' || typeof node.value !== 'string' || node.value === '' || isFence(node))
    return undefined;
  const file = readNamedFile(reading, node, 'write the path of the schema relative to this workflow file');
  if (file === undefined) return undefined;
  const value = parsedJson(file.text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  const problem = value === undefined ? 'it is not JSON' : 'it holds no object';
  if (!reading.judged.has(node)) complain(reading, 'bad-schema-file', node.at, { file: file.path, problem });
  reading.judged.add(node);
  return undefined;
}

// What the JavaScript engine says about broken JSON differs from version to version.
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
