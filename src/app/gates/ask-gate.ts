/** Asks at the terminal what is decided at a gate. */
import type { GateField, GateQuestion } from '../../model/event.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import { questionLines } from '../../report/gates.ts';
import type { AskedGate, GivenAnswer } from '../../run/running.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { type Ask, openLines } from '../lines.ts';
import { harmless } from '../print.ts';
import { FIELD_WORDS, fieldSpecs, REJECT, userName } from './answers.ts';

const MORE = 'diff';

/**
 * Asks on standard error until an option is chosen, each field is answered and nothing of it is wrong. Undefined for who goes away
 * instead, and when the question is taken back. The terminal stays as it is, so that Ctrl-C is the signal that it always is.
 */
export async function askGate(
  { step, question }: AskedGate,
  gone: AbortSignal,
  workspace: GitWorkspace | undefined,
): Promise<GivenAnswer | undefined> {
  const { ask, close } = openLines();
  gone.addEventListener('abort', close, { once: true });
  try {
    if (gone.aborted) return undefined;
    print([
      '',
      `${step} asks:`,
      ...questionLines(question, new Date().toISOString()).map((line) => `  ${line}`),
    ]);
    const decision = await choose(question, ask, workspace);
    if (decision === undefined) return undefined;
    const answers = decision === REJECT ? {} : await answerFields(question, ask);
    if (answers === undefined) return undefined;
    const comment = await ask('comment (empty for none): ');
    if (comment === undefined) return undefined;
    return {
      decision,
      by: userName(),
      ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
      ...(Object.keys(answers).length === 0 ? {} : { answers }),
    };
  } finally {
    gone.removeEventListener('abort', close);
    close();
  }
}

async function choose(
  question: GateQuestion,
  ask: Ask,
  workspace: GitWorkspace | undefined,
): Promise<string | undefined> {
  const { options, shown = [] } = question;
  const diffs = shown.flatMap(({ diff }) => (diff === undefined ? [] : [diff]));
  const more = diffs.length > 0 && workspace !== undefined && !options.includes(MORE) ? [MORE] : [];
  for (;;) {
    const typed = (await ask(`${[...options, ...more].join(', ')}? `))?.trim();
    if (typed === undefined) return undefined;
    const meant = options.filter((option) => typed !== '' && option.startsWith(typed));
    const exact = options.find((option) => option === typed) ?? (meant.length === 1 ? meant[0] : undefined);
    if (exact !== undefined) return exact;
    if (more.length === 0 || typed === '' || !MORE.startsWith(typed)) continue;
    for (const { from, to } of diffs) {
      const text = await workspace?.diff(from, to);
      print([text === undefined ? '' : text.ok ? text.value : text.error.message]);
    }
  }
}

/** Each field until its answer fits; undefined for who goes away. */
async function answerFields({ fields = {} }: GateQuestion, ask: Ask): Promise<JsonObject | undefined> {
  const { readInputs } = await import('../../workflow/inputs.ts');
  const answers: Record<string, Json> = {};
  for (const [name, field] of Object.entries(fields)) {
    for (;;) {
      const typed = await ask(`${name}${hint(field)}: `);
      if (typed === undefined) return undefined;
      const given = typed.trim() === '' ? {} : { [name]: typed };
      const read = readInputs(fieldSpecs({ [name]: field }), given, FIELD_WORDS);
      if (read.ok) {
        Object.assign(answers, read.value);
        break;
      }
      print(read.error);
    }
  }
  return answers;
}

function hint({ type, options, default: fallback, required }: GateField): string {
  const kind = options === undefined ? type : options.join(', ');
  const empty =
    fallback !== undefined
      ? `, empty for ${JSON.stringify(fallback)}`
      : required === true
        ? ''
        : ', may be empty';
  return ` (${kind}${empty})`;
}

function print(lines: readonly string[]): void {
  process.stderr.write(harmless(`${lines.join('\n')}\n`, process.stderr, process.env));
}
