import { expect, test } from "bun:test";
import { Project } from "../support/commands.ts";
import { folder, write } from "../support/folder.ts";
import { fencesOf } from "../support/page.ts";
import { needs } from "../support/programs.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";

const titled = (page: string, title: string) => fencesOf(page).find((fence) => fence.title === title)!.text;

test("the page's example prints what the page shows", async () => {
  const project = new Project();
  write(project.root, {
    "release.tsx": titled("docs/http.md", "release.tsx"),
    "follow.ts": titled("docs/client.md", "follow.ts"),
  });
  const server = await serve(project.root, { authToken: "secret" });
  const { printed, code } = await project.run(`SMITHERS_URL=${server.url} SMITHERS_API_KEY=secret bun follow.ts`);
  const { runId } = (await server.allRuns())[0]!;
  const plain = printed
    .replaceAll(runId, "release-1")
    .replace(/\{\s+/g, "{ ")
    .replace(/,?\s+\}/g, " }");
  expect([code, plain]).toEqual([0, titled("docs/client.md", "follow.txt")]);
});

needs("python3")("the page's client in Python prints what the page shows", async () => {
  const root = folder({
    "release.tsx": titled("docs/http.md", "release.tsx"),
    // What the generator writes is used for one function; the rest of it is the generator's to test.
    "smithers_types.py": `
class Value:
    def __init__(self, value):
        self.value = value

class Run:
    def __init__(self, run):
        self.status = Value(run["status"])
        self.output = run["output"]
        self.run_state = type("RunState", (), {"state": Value(run["runState"]["state"])})

run_from_dict = Run
`,
    "smithers_client.py": titled("docs/client.md", "smithers_client.py"),
  });
  const server = await serve(root, { authToken: "secret" });
  const child = Bun.spawn(["python3", "smithers_client.py"], {
    cwd: root,
    env: { ...process.env, SMITHERS_URL: server.url, SMITHERS_API_KEY: "secret" },
    stdout: "pipe",
    stderr: "inherit",
  });
  expect(await new Response(child.stdout).text()).toBe("finished {'url': '/1.2'} succeeded\n");
});
