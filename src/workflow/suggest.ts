/** Finds the known word that somebody most likely meant. */

/**
 * The known word nearest to `word` if it is near enough to be a slip (one edit in a short word, a third of a long one, none in one or two letters), else undefined.
 * Swapped neighbours count as one edit; `_`, `-` and case count as none.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = plain(word);
  let best: string | undefined;
  let bestEdits = reachOf(wanted);
  // Long texts are no slips of a word, and comparing them costs the product of the lengths.
  if (wanted.length > 100) return undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - wanted.length) >= bestEdits + 2) continue;
    const edits = distance(wanted, plain(candidate), bestEdits);
    if (edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** The one known word that is near enough to be meant; undefined where none is, or several are. */
export function soleNear(word: string, known: Iterable<string>): string | undefined {
  const best = nearest(word, known);
  if (best === undefined) return undefined;
  const others = [...new Set(known)].filter((candidate) => candidate !== best);
  return nearest(word, others) === undefined ? best : undefined;
}

// One edit makes any letter of any other: of `z` nobody can say what it was to be.
function reachOf(wanted: string): number {
  return Math.max(wanted.length < 3 ? 0 : 1, Math.floor(wanted.length / 3)) + 1;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, '');
}

// Edit distance with swaps of neighbours (optimal string alignment); gives up above `limit`.
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, (beforeLast[j - 2] ?? 0) + 1);
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? limit;
}
