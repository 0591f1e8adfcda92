import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { resolveServerOptions } from "../../src/server/options.ts";
import { startSmithers } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { documentFiles } from "../support/readme.ts";

const files = documentFiles("docs/deployment.md");
const unit = /^ExecStart=\S+\/node_modules\/\.bin\/smithers (.*)$/m.exec(files["smithers.service"]!)![1]!.split(" ");
const [command, ...container] = JSON.parse(/^CMD (\[.*\])$/m.exec(files.Dockerfile!)![1]!) as string[];

test.each([
  ["the unit file", unit],
  ["the Dockerfile", container],
])("the command of %s serves, and SIGTERM to it alone ends it", async (_, args) => {
  const cwd = folder();
  const moved = args.map((arg) => (arg === "/data/smithers.db" ? join(cwd, "data.db") : arg === "7331" ? "0" : arg));
  const options = moved.includes("--port") ? moved : [...moved, "--port", "0"];
  const server = startSmithers([...options, "--json"], { cwd, env: { SMITHERS_API_KEY: "secret" } });
  await server.says(/"pid": \d+\n\}/);
  const { url } = JSON.parse(server.printed.out);
  const client = new Client(url.replace("0.0.0.0", "127.0.0.1"), "secret");
  expect(await client.allRuns()).toEqual([]);
  server.child.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: null, signal: "SIGTERM" });
  await expect(client.get("/health")).rejects.toThrow();
});

test("the container runs the command of the project", () => {
  expect(command).toBe("node_modules/.bin/smithers");
});

test("the table of options has every option, and the defaults that the server takes", () => {
  const text = readFileSync(join(projectDir, "docs/deployment.md"), "utf8");
  const rows = [...text.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| ([^|]+) \|/gm)].flatMap(([, names, defaults]) => {
    const values = defaults!.split(", ");
    return names!.split(", ").map((name, index) => [name.slice(1, -1), values[index] ?? values[0]!] as const);
  });
  const listed = Object.fromEntries(rows);
  const { retentionMs: _, ...resolved } = resolveServerOptions({ rootDir: folder() });
  expect(Object.keys(listed).sort()).toEqual([...Object.keys(resolved), "logLevel", "retention"].sort());
  for (const [name, value] of Object.entries(resolved)) {
    if (typeof value === "number" || typeof value === "boolean" || name === "host") {
      expect({ name, value: listed[name]!.replaceAll("`", "") }).toEqual({ name, value: String(value) });
    }
  }
});
