import { stripVTControlCharacters } from "node:util";

/** Characters that change the direction of what follows: with them, a text looks like another one. */
const directions = "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u206f";
const everyDirection = new RegExp(`[${directions}]`, "g");
// Styles, then control characters but for line feed and tabulator.
const styleOrControl = new RegExp(`\\u001b\\[[\\d;]*m|[^\\P{Cc}\\n\\t]|[${directions}]`, "gu");
const unprintableInJson = new RegExp(`[\\u007f-\\u009f\\u2028\\u2029${directions}]`, "g");

/**
 * A text that may be written to a terminal: without control characters, except for line breaks, tabulators and styles
 * that hide nothing, and without characters that change the direction of writing. Everything that is printed passes
 * through here.
 */
export function printable(text: string): string {
  return text.replace(styleOrControl, (found) => (isVisibleStyle(found) ? found : ""));
}

/** Resetting, bold, dim, italic, underlined, and colours except black. With the other styles a text can hide. */
const isVisibleStyle = (found: string) => /^.\[(?:(?:0?[0-4]|2[2-4]|3[1-79]|9[0-7])?[;m])+$/.test(found);

/** An outside text as one line, without what a terminal would act upon. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(everyDirection, "")
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
}

/** An outside text with its line breaks, without what a terminal would act upon. */
export function manyLines(text: string): string {
  return stripVTControlCharacters(text.replaceAll("\r\n", "\n"))
    .replace(everyDirection, "")
    .replace(/[^\P{Cc}\n\t]+/gu, " ");
}

/** A value as JSON in ASCII where a terminal would act upon a character. It means the same value. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    unprintableInJson,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
