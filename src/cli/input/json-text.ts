/**
 * Parses JSON that a person wrote.
 * @returns the value, or the problem with its line and column, counted from 1
 */
export function parseJsonText(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch {
    const at = brokenAt(text);
    const before = text.slice(0, at).split("\n");
    const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
    const found = text[at] === undefined ? "unexpected end of text" : `unexpected ${JSON.stringify(text[at])}`;
    return { problem: `${found} at ${place}` };
  }
}

const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const text = String.raw`(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*`;
const string = new RegExp(`"${text}"`, "y");
const badString = new RegExp(`"${text}`, "y");
const space = /[ \t\r\n]*/y;

/** Finds where a text stops being valid JSON. `JSON.parse` does not report that for every error. */
function brokenAt(text: string): number {
  const open: ("{" | "[")[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found !== null;
  };
  const taken = (character: string) => {
    if (text[at] !== character) return false;
    at += 1;
    take(space);
    return true;
  };
  const key = () => {
    if (!take(string)) return false;
    take(space);
    return taken(":");
  };
  take(space);
  for (;;) {
    // A value begins here.
    if (taken("{")) {
      if (!taken("}")) {
        open.push("{");
        if (!key()) break;
        continue;
      }
    } else if (taken("[")) {
      if (!taken("]")) {
        open.push("[");
        continue;
      }
    } else if (!take(string) && !take(scalar)) break;
    take(space);
    // A value has ended here.
    for (let inner = open.at(-1); inner; inner = open.at(-1)) {
      if (!taken(inner === "{" ? "}" : "]")) break;
      open.pop();
    }
    if (open.length === 0 || !taken(",")) break;
    if (open.at(-1) === "{" && !key()) break;
  }
  if (text[at] === '"') take(badString);
  return at;
}
