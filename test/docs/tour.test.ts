import { expect } from "bun:test";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { withoutTimes } from "../support/clock.ts";
import { type Fence, fencesIn, Project } from "../support/commands.ts";
import { write } from "../support/folder.ts";
import { needs } from "../support/programs.ts";
import { Terminal } from "../support/terminal.ts";

const test = needs("tmux", "curl");

/** Which file the page means by "the workflow of step 4". */
const decided = (fences: readonly Fence[]) =>
  fences.find(({ title, text }) => title === "release.tsx" && text.includes("<Approval"))!.text;

/** What differs from run to run, as the page shows it. */
function still(screen: string, port: string, root: string): string {
  return withoutTimes(screen)
    .replaceAll(root, "/home/ada/tour")
    .replaceAll(port, "7331")
    .replaceAll(/\b\d\d:\d\d:\d\d\b/g, "12:00:00")
    .replaceAll(/\d{4}-\d\d-\d\d 12:00:00/g, "2026-01-01 12:00:00")
    .replaceAll(/\bprocess \d+/g, "process 4711");
}

test("every command of the tour prints what the page shows", async () => {
  const fences = fencesIn("docs/tour.md");
  const project = new Project();
  const port = await freePort();
  const env = { PATH: project.path };
  const terminal = new Terminal(project.root, { columns: 100, rows: 50, env });
  let steps = 0;
  for (const [index, { kind, title, text }] of fences.entries()) {
    if (title?.endsWith(".tsx")) write(project.root, { [title]: text });
    if (kind !== "sh" || title === "once") continue;
    const script = join(project.root, ".step.sh");
    writeFileSync(script, `curl() { command curl -sS "$@"; }\n${text.replaceAll("7331", port)}`);
    const shown = fences[index + 1]!.text;
    let screen: string;
    if (title === "another terminal") {
      write(project.root, { "release.tsx": decided(fences) });
      const other = new Terminal(project.root, { columns: 100, rows: 50, env: { ...env, SMITHERS_LOG_LEVEL: "warn" } });
      other.type("clear; sh .step.sh");
      screen = await other.until(/Serving /);
    } else {
      // The number tells the end of this command from that of the one before, which may still be seen.
      terminal.type(`clear; sh .step.sh; echo "<$?> ${index}"`);
      const end = new RegExp(`\\n?<\\d+> ${index}\\n\\$$`);
      screen = (await terminal.until(end)).replace(end, "");
    }
    expect([text, still(screen, port, project.root)]).toEqual([text, still(shown.trimEnd(), port, project.root)]);
    steps += 1;
  }
  expect(steps).toBeGreaterThan(10);
});

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}
