/** Says of a glob whether matching it may take for ever. */

/** More than these make the regular expression behind a glob backtrack for minutes: 8 stars over 100 letters do. */
const MOST_STARS = 5;

/** Each group of alternatives is a choice, and n choices between equals are 2ⁿ ways: thirty take minutes. */
const MOST_GROUPS = 6;
const MOST_ALTERNATIVES = 30;

const LONGEST_GLOB = 1024;

/** Why a glob cannot be used, one sentence; undefined where it can. */
export function globProblem(glob: string): string | undefined {
  if (glob === '' || glob === '!') return 'this glob is empty; write the path or pattern it stands for';
  if (glob.length > LONGEST_GLOB) return `this glob is longer than ${LONGEST_GLOB} characters; write several`;
  const groups = glob.match(/[({]/g)?.length ?? 0;
  const alternatives = glob.match(/[|,]/g)?.length ?? 0;
  if (groups > MOST_GROUPS || alternatives > MOST_ALTERNATIVES) {
    return `this glob has ${groups} groups and ${alternatives} alternatives, and more than ${MOST_GROUPS} or ${MOST_ALTERNATIVES} can take minutes; write several simpler ones`;
  }
  const stars = glob.match(/\*+/g)?.length ?? 0;
  if (stars <= MOST_STARS) return undefined;
  return `this glob has ${stars} stars, and matching more than ${MOST_STARS} can take minutes; write several simpler ones`;
}
