import { expect, test } from "bun:test";
import { errorCodes } from "../../src/errors/index.ts";
import { withoutTimes } from "../support/clock.ts";
import { fencesIn, Project } from "../support/commands.ts";
import { write } from "../support/folder.ts";

const fences = fencesIn("docs/troubleshooting.md");

/** A page's or a command's text without times of day. */
const still = (text: string) =>
  withoutTimes(text.trimEnd()).replaceAll(/(\d{4}-\d\d-\d\d )?\b\d\d:\d\d:\d\d\b/g, "12:00:00");

test("the commands of the page print what it shows", async () => {
  const project = new Project();
  let shown = 0;
  for (const [index, { kind, title, text }] of fences.entries()) {
    if (title?.endsWith(".tsx")) write(project.root, { [title]: text });
    if (kind !== "sh" || title !== undefined) continue;
    const { printed } = await project.run(text);
    const next = fences[index + 1];
    if (next?.kind !== "text") continue;
    expect([text, still(printed)]).toEqual([text, still(next.text)]);
    shown += 1;
  }
  expect(shown).toBe(2);
});

test("the codes of the page exist", async () => {
  const text = await Bun.file(new URL("../../docs/troubleshooting.md", import.meta.url)).text();
  const named = [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code]) => code!);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((code) => !(code in errorCodes))).toEqual([]);
});
