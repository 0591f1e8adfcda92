import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { docsPages, llmsFull, llmsIndex } from "../../scripts/llms.ts";
import { projectDir } from "../support/packed.ts";

const read = (file: string) => readFileSync(join(projectDir, file), "utf8");
const pages = readdirSync(join(projectDir, "docs")).filter((name) => name.endsWith(".md"));

test("the README links every page, and llms.txt lists them with a line each; npm run pages writes it", () => {
  const readme = read("README.md");
  expect(pages.filter((name) => !readme.includes(`](docs/${name})`))).toEqual([]);
  expect(read("llms.txt")).toBe(llmsIndex());
  const listed = [...llmsIndex().matchAll(/^- \[[^\]]+\]\((.+)\): (.+)$/gm)];
  expect(listed.map(([, file]) => file)).toEqual(["README.md", ...docsPages()]);
  for (const [, , about] of listed) expect(about!.length).toBeWithin(20, 200);
});

test("llms-full.txt holds the README and every page whole", () => {
  const full = llmsFull();
  for (const file of ["README.md", ...pages.map((name) => `docs/${name}`)]) expect(full).toContain(read(file).trim());
});

/** The anchor of each heading, as GitHub makes it. */
const anchorsOf = (file: string) =>
  [
    ...read(file)
      .replace(/^```.*?^```$/gms, "")
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

test.each(pages)(
  "docs/%s opens with what it is for, ends with where to go next, and its links lead somewhere",
  (name) => {
    const text = read(`docs/${name}`);
    const [title, opening] = text.split(/\n{2,}/);
    expect(title).toStartWith("# ");
    expect(opening).toMatch(/^[A-Z`].{40}/s);
    expect(text.trimEnd().split("\n## ").at(-1)).toMatch(
      name === "architecture.md" ? /Next: \[/ : /^Where to go next\n\n- \[/,
    );
    const broken = [...text.matchAll(/\]\(([\w./-]*)(?:#([\w-]+))?\)/g)].filter(([, file, anchor]) => {
      const target = file === "" ? `docs/${name}` : join("docs", file!);
      return !existsSync(join(projectDir, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  },
);
