/** The imports and exports of an MDX source: its paragraphs that begin with one of these words. */
export function esmOf(source: string): string {
  const paragraphs = source.split(/^[ \t]*$/m);
  return paragraphs.filter((paragraph) => /^\s*(import|export)\b/.test(paragraph)).join("\n");
}
