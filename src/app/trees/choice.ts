/** Sees to it that nobody's tree is put back without their knowing. */
import type { MilestoneBody } from '../../model/event.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Variables } from '../facts.ts';
import type { Refusal } from '../refusal.ts';
import { withoutSecrets } from '../runs/start.ts';
import {
  lookAtTree,
  putTreeBack,
  type TreeBack,
  type TreeBackOf,
  type TreeQuestion,
  undoneBodies,
} from './back.ts';
import { named, putBackSentence, sinceWords } from './undone.ts';

/** What a person said about the tree, or may still be asked. */
export interface TreeChoice {
  /** Whatever is found; undefined asks `askTree`, or does what loses nobody's edits. */
  readonly tree?: 'keep' | 'restore';
  readonly askTree?: (question: TreeQuestion) => Promise<'back' | 'keep' | 'stop'>;
  readonly tell: (sentence: string) => void;
}

/** What became of the tree. */
export interface TreeSettled {
  /** It was left as it is, because somebody wants that. */
  readonly kept: boolean;
  /** Puts it back, and tells what of the run's own is undone by that; absent where nothing has to be. */
  readonly putBack?: () => Promise<Result<readonly MilestoneBody[], Refusal>>;
}

/**
 * Finds out how the tree becomes what it was before the steps that run again, as far as that is known and wanted: the run's own
 * changes go by themselves, those of others only where somebody says so. What was found stays recorded.
 */
export async function settleTree(
  of: TreeBackOf,
  choice: TreeChoice,
  variables: Variables,
): Promise<Result<TreeSettled, Refusal>> {
  if (choice.tree === 'keep') return ok({ kept: true });
  const looked = await lookAtTree(of);
  if (!looked.ok) return looked;
  const back = looked.value;
  if (back === undefined) return ok({ kept: false });
  const answer = await answerTo(back, choice);
  if (answer === 'stop') return err(await stopped(of, back, variables));
  if (answer === 'keep') return ok({ kept: true });
  const { step, files, found } = back;
  const putBack = async (): Promise<Result<readonly MilestoneBody[], Refusal>> => {
    const done = await putTreeBack(of, back);
    if (!done.ok) return done;
    choice.tell(await withoutSecrets(await putBackSentence({ step, files, found }, of.workspace), variables));
    return ok(undoneBodies(back));
  };
  return ok({ kept: false, putBack });
}

function answerTo(back: TreeBack, { tree, askTree }: TreeChoice): Promise<'back' | 'keep' | 'stop'> {
  if (tree === 'restore') return Promise.resolve('back');
  if (askTree !== undefined) return askTree(back);
  if (back.head !== undefined || back.others !== undefined) return Promise.resolve('stop');
  return Promise.resolve(back.edited.length > 0 && !back.crashed ? 'stop' : 'back');
}

async function stopped({ of }: TreeBackOf, back: TreeBack, variables: Variables): Promise<Refusal> {
  const { step, edited, files } = back;
  const since = sinceWords(back);
  const refusal: Refusal =
    since.length > 0
      ? {
          message: `run ${of} was cut off, and nobody recorded how it left the tree. ${since.join('. ')}`,
          help: `say \`--keep-tree\` to go on from the tree as it is, or \`--restore\` to put its files back to before \`${step}\` began; what is there now is recorded first`,
        }
      : edited.length === 0
        ? { message: `nothing was started, and the tree is as it was: ${named(files)}` }
        : {
            message: `files that steps of run ${of} wrote were edited after it stopped: ${named(edited)}`,
            help: `say \`--keep-tree\` to go on from the tree as it is, or \`--restore\` to put it back to before \`${step}\` began; what is there now is recorded first`,
          };
  return withoutSecrets(refusal, variables);
}
