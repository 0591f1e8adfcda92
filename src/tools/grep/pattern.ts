import { messageOf, SmithersError } from "../../errors/index.ts";

/**
 * The JavaScript regular expression that lines are tested with.
 * @throws INVALID_INPUT
 */
export function toRegExp(pattern: string, ignoreCase: boolean): RegExp {
  // A line contains no newline, so "." may match everything, as it does in ripgrep.
  const flags = ignoreCase ? "si" : "s";
  try {
    return new RegExp(pattern, `${flags}u`);
  } catch {
    // Without the flag u, JavaScript accepts a lone brace as a character.
  }
  try {
    return new RegExp(pattern, flags);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new SmithersError("INVALID_INPUT", `Invalid regular expression: ${reason}.`, {
      cause,
      details: { issues: [{ path: ["pattern"], message: reason, code: "custom" }] },
    });
  }
}

const outsideClass: Record<string, string> = {
  d: "[0-9]",
  D: "[^0-9]",
  w: "[0-9A-Za-z_]",
  W: "[^0-9A-Za-z_]",
  b: "(?-u:\\b)",
};
const insideClass: Record<string, string> = { d: "0-9", w: "0-9A-Za-z_" };

/**
 * Translates the expression into ripgrep's language, whose letters and digits are not only those of ASCII. Returns
 * undefined where the two languages differ in more than that.
 */
export function toRipgrep(pattern: string): string | undefined {
  let translated = "";
  let isInClass = false;
  for (let index = 0; index < pattern.length; index += 1) {
    const char = pattern[index]!;
    if (char === "\\") {
      index += 1;
      const escaped = pattern[index] ?? "";
      if (isInClass ? "DWBb".includes(escaped) : escaped === "B") return undefined;
      translated += (isInClass ? insideClass : outsideClass)[escaped] ?? `\\${escaped}`;
    } else if (isInClass) {
      // Only ripgrep knows nested classes and their differences.
      if (char === "[" || ["&&", "--", "~~"].includes(pattern.slice(index, index + 2))) return undefined;
      if (char === "]") isInClass = false;
      translated += char;
    } else {
      if (char === "[") {
        // "[]" matches nothing in JavaScript, and begins a class that holds a bracket in ripgrep.
        if (pattern[index + 1] === "]" || pattern.startsWith("[^]", index)) return undefined;
        isInClass = true;
      }
      translated += char;
    }
  }
  return translated;
}
