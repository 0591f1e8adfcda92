/** Replaces the part of a page between the marks of `name`. The first mark names `script`, which writes that part. */
export function replaceMarked(page: string, name: string, script: string, made: string): string {
  const [begin, end] = [`<!-- ${name}: written by scripts/${script} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no "${begin}" followed by "${end}".`);
  return `${page.slice(0, from + begin.length)}\n\n${made}\n\n${page.slice(to)}`;
}
