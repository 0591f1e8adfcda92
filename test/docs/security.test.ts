import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startSmithers } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { folder } from "../support/folder.ts";
import { testWithBash } from "../support/mechanisms.ts";
import { projectDir } from "../support/packed.ts";
import { workflowFile } from "../support/workflows.ts";

const page = readFileSync(join(projectDir, "docs/security.md"), "utf8");

/** The points of the page's lists and the rows of its tables, without those that are made from the tests themselves. */
function points(): string[] {
  const written = page.replace(/<!-- attacks:[\s\S]*<!-- end of attacks -->/, "").split("## Where to go next")[0]!;
  const items = written.match(/^- .*(?:\n {2}.*)*/gm) ?? [];
  const rows = (written.match(/^\| .*/gm) ?? []).filter((row) => !/^\| (who|what|---) /.test(row));
  return [...items, ...rows];
}

test("each point of the page names a test that shows it", () => {
  expect(points().length).toBeGreaterThan(30);
  for (const point of points()) {
    const [, file, title] = /<!-- (test\/\S+): (.*?) -->/.exec(point) ?? [];
    expect([point, file !== undefined]).toEqual([point, true]);
    const path = join(projectDir, file!);
    expect([file, existsSync(path) && readFileSync(path, "utf8").includes(title!)]).toEqual([file, true]);
  }
});

testWithBash("the hardened server of the page runs a workflow", async () => {
  const [, command] = /```sh title="terminal"\n([\s\S]*?)```/.exec(page)!;
  const base = folder({
    "srv/flows/workflows/list.tsx": workflowFile(
      `<Task id="list" output={outputs.result}>{async () => ({ value: await bash("ls -A; cat /etc/smithers/token /var/lib/smithers/smithers.db 2>&1 || true") })}</Task>`,
    ),
    "etc/smithers/token": "the-token-of-the-page\n",
  });
  chmodSync(join(base, "etc/smithers/token"), 0o600);
  mkdirSync(join(base, "var/lib/smithers"), { recursive: true });
  chmodSync(join(base, "var/lib/smithers"), 0o700);
  const words = command!.replaceAll("\\\n", " ").trim().split(/\s+/).slice(1);
  const args = words.map((word) => word.replace(/^\/(srv|etc|var)/, `${base}/$1`).replaceAll("'", ""));
  const server = startSmithers([...args, "--port", "0", "--json"], { cwd: dirname(base) });
  await server.says(/\n}/);
  const client = new Client(JSON.parse(server.printed.out).url, "the-token-of-the-page");
  const run = await client.complete("workflows/list.tsx");
  expect(run).toMatchObject({ status: "finished", output: { value: expect.stringMatching(/^workflows\n/) } });
  expect(JSON.stringify(run)).not.toContain("the-token-of-the-page");
  server.child.kill("SIGTERM");
  await server.ended;
});
