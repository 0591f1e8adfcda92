/**
 * The candidates that `word` may stand for, the best first, at most three. Few typing errors count for a candidate, and
 * so does a common beginning: `retry` is rather `retries` than `noRetry`.
 */
function similar(word: string, candidates: Iterable<string>): string[] {
  const typed = word.toLowerCase();
  const mistakes = Math.max(1, Math.floor(word.length * 0.4));
  return [...new Set(candidates)]
    .map((candidate) => {
      const other = candidate.toLowerCase();
      return { candidate, distance: distance(typed, other), shared: sharedBeginning(typed, other) };
    })
    .filter(({ distance, shared }) => distance <= mistakes || shared === typed.length || distance < shared)
    .sort((a, b) => a.distance - a.shared / 2 - (b.distance - b.shared / 2))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** A sentence that asks whether one of the similar candidates was meant; empty when there is none. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = similar(word, candidates);
  return found.length === 0 ? "" : ` Did you mean ${found.map((one) => `"${one}"`).join(" or ")}?`;
}

/**
 * Whether a name is `known` in another spelling: in other case, with underscores or hyphens, in the plural, with a typing
 * error (two in a long name), or cut short.
 */
export function isNearly(name: string, known: string): boolean {
  const [given, meant] = [name, known].map((one) => one.toLowerCase().replace(/[_\-\s]/g, "")) as [string, string];
  const mistakes = meant.length < longName ? 1 : 2;
  const isClose = Math.abs(given.length - meant.length) <= mistakes && distance(given, meant) <= mistakes;
  return isClose || (given.length >= shortestBeginning && meant.startsWith(given));
}

const longName = 8;
const shortestBeginning = 3;

function sharedBeginning(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/**
 * How many letters must be added, left out, changed or swapped with the next (Damerau, Levenshtein). The small
 * libraries count a swap, the most frequent typing error, as two.
 */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 40) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let least = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwapped) least = Math.min(least, beforeLast[column - 2]! + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
