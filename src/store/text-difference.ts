/**
 * The difference of a text from another: a number of characters kept from the start, the new text, and a number kept
 * from the end.
 */
export interface Difference {
  readonly head: number;
  readonly middle: string;
  readonly tail: number;
}

/** The difference that turns `before` into `after`. It never splits a surrogate pair, whose halves cannot be stored. */
export function differenceOf(before: string, after: string): Difference {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  // Parts are compared much faster than characters.
  while (head + partLength <= shorter && isSamePart(before, head, after, head)) head += partLength;
  while (head < shorter && before.charCodeAt(head) === after.charCodeAt(head)) head += 1;
  if (head > 0 && isHighSurrogate(after.charCodeAt(head - 1))) head -= 1;
  let tail = 0;
  const most = shorter - head;
  while (
    tail + partLength <= most &&
    isSamePart(before, before.length - tail - partLength, after, after.length - tail - partLength)
  ) {
    tail += partLength;
  }
  while (tail < most && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)) {
    tail += 1;
  }
  if (tail > 0 && isLowSurrogate(after.charCodeAt(after.length - tail))) tail -= 1;
  return { head, middle: after.slice(head, after.length - tail), tail };
}

const partLength = 256;

function isSamePart(before: string, atBefore: number, after: string, atAfter: number): boolean {
  return before.slice(atBefore, atBefore + partLength) === after.slice(atAfter, atAfter + partLength);
}

export function applyDifference(before: string, { head, middle, tail }: Difference): string {
  return before.slice(0, head) + middle + before.slice(before.length - tail);
}

const isHighSurrogate = (code: number) => code >= 0xd800 && code <= 0xdbff;
const isLowSurrogate = (code: number) => code >= 0xdc00 && code <= 0xdfff;
