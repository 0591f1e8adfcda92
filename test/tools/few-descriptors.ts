/**
 * Starts a command with ever more free descriptors, from none on, until one succeeds. The arguments are the mechanism
 * and a root folder with a file `.env` and a database. Prints what each try came to, as a line of JSON.
 */
import { closeSync, openSync } from "node:fs";
import { execute } from "../../src/tools/execute.ts";
import { guardOf } from "../../src/tools/guard/index.ts";
import { searchSandbox } from "../../src/tools/sandbox/detect.ts";
import { confinedTo, existingFiles, type Sandbox, start } from "../../src/tools/sandbox/index.ts";

const [mechanism, rootDir] = process.argv.slice(2) as [Sandbox["name"], string];
const { sandbox } = await searchSandbox(mechanism);
const policy = confinedTo(rootDir, openSync(rootDir, "r"));

async function tried(): Promise<string> {
  try {
    const guard = await guardOf(rootDir, { privatePaths: () => [], entries: [], readable: [], writable: [] });
    const files = { hidden: existingFiles(guard.hidden), protected: guard.readOnly };
    const script = "cat .env runs.db; echo // planted >> flow.tsx; echo ran";
    const command = start(sandbox!, { ...policy, ...files }, ["/bin/bash", "-c", script]);
    const options = { timeoutMs: 30_000, signal: new AbortController().signal };
    const { stdout, hasStarted } = await execute(command, options);
    return hasStarted ? stdout : "the sandbox was not set up";
  } catch {
    return "no process was started";
  }
}

const taken: number[] = [];
try {
  for (;;) taken.push(openSync("/dev/null", "r"));
} catch {
  // There are no more.
}
const results: string[] = [];
while (taken.length > 0 && !results.includes("ran\n")) {
  results.push(await tried());
  closeSync(taken.pop()!);
}
console.log(JSON.stringify(results));
process.exit();
