/** Lists the workflows that a project can start with. */
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { answer } from '../programs.ts';
import { templateLines } from './questions.ts';
import { readTemplate, TEMPLATES } from './templates.ts';

/** `codemachine init --list` */
export function listTemplates({ json, packageRoot }: { json: boolean; packageRoot: string }): ExitCode {
  const all = TEMPLATES.map((name) => ({
    name,
    does: readTemplate(packageRoot, name).does,
  }));
  if (json) answer(all);
  else process.stdout.write(`${templateLines(packageRoot).join('\n').replace(/^ {2}/gm, '')}\n`);
  return EXIT.succeeded;
}
