import { expect, test } from "bun:test";
import { Project } from "../support/commands.ts";
import { write } from "../support/folder.ts";
import { fencesOf } from "../support/page.ts";
import { serve } from "../support/server.ts";

const titled = (page: string, title: string) => fencesOf(page).find((fence) => fence.title === title)!.text;

test("the page's example prints what the page shows", async () => {
  const project = new Project();
  write(project.root, {
    "release.tsx": titled("docs/http.md", "release.tsx"),
    "follow.ts": titled("docs/client.md", "follow.ts"),
  });
  const server = await serve(project.root, { authToken: "secret" });
  const { printed, code } = await project.run(`SMITHERS_URL=${server.url} SMITHERS_API_KEY=secret bun follow.ts`);
  const [{ runId }] = (await server.get("/v1/runs")).body;
  const plain = printed
    .replaceAll(runId, "release-1")
    .replace(/\{\s+/g, "{ ")
    .replace(/,?\s+\}/g, " }");
  expect([code, plain]).toEqual([0, titled("docs/client.md", "follow.txt")]);
});
