import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runMetricsRoute, runRoutes } from "../../src/server/serve-mode/run-routes.ts";
import { Client } from "../support/client.ts";
import { fencesIn, Project } from "../support/commands.ts";
import { write } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { needs } from "../support/programs.ts";
import { difference } from "../support/shown.ts";

const fences = fencesIn("docs/serve.md");
const file = (title: string) => fences.find((fence) => fence.title === title)!.text;

needs("curl")("the page's calls are answered as it shows, by the command that it shows", async () => {
  const project = new Project();
  write(project.root, { "release.tsx": file("release.tsx") });
  const command = file("terminal").replace("7331", "0");
  const said = await project.stay(command, /"ship" is waiting for a decision/);
  const url = /at (http\S+)/.exec(said)![1]!;
  for (const [index, { kind, title, text }] of fences.entries()) {
    if (kind !== "sh" || title !== undefined) continue;
    const { printed } = await project.run(text.replace("http://localhost:7331", url));
    const next = fences[index + 1];
    if (next?.kind === "json") {
      expect([text, difference(JSON.parse(next.text), JSON.parse(printed))]).toEqual([text, undefined]);
    } else expect(printed).toContain('"type":"RunFinished"');
  }
});

test("the page's table has every route", () => {
  const text = readFileSync(join(projectDir, "docs/serve.md"), "utf8");
  const shown = [...text.matchAll(/^\| (GET|POST) (\S+) /gm)].map(([, method, path]) => `${method} ${path}`);
  const routes = [...runRoutes, runMetricsRoute].map(({ method, path }) => `${method} ${path}`);
  expect(shown.sort()).toEqual(routes.map((route) => route.replace(":signalName", ":name")).sort());
});

test("the page's programs serve what they say", async () => {
  const project = new Project();
  write(project.root, {
    "release.tsx": file("release.tsx"),
    "serve.ts": file("serve.ts"),
    "mounted.ts": file("mounted.ts"),
  });
  const said = await project.stay("PORT=0 SMITHERS_LOG_LEVEL=silent bun serve.ts", /waiting-approval/);
  const client = new Client(said.split("\n", 1)[0]!.replace(/\/$/, ""), "secret");
  await client.post("/approve/ship");
  await client.post("/signal/announced", { data: { url: "https://example.org" } });
  expect((await client.get("/events")).body).toContain("RunFinished");

  const mounted = await project.stay("PORT=0 SMITHERS_LOG_LEVEL=silent bun mounted.ts", /http\S+/);
  expect(mounted).toStartWith("waiting-approval\n");
  const other = new Client(/http\S+/.exec(mounted)![0].replace(/\/$/, ""), "secret");
  expect((await other.get("/")).body).toBe("the releases");
  expect((await other.post("/2.0/approve/ship")).body).toEqual({ runId: "release-2.0" });
});
