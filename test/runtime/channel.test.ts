import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type ChildChannel, runtime } from "../../src/runtime/index.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { isRunning } from "../support/sandboxed.ts";

const program = join(import.meta.dirname, "channel-program.ts");

function start(act: string, options = {}): ChildChannel & { received: unknown[] } {
  const child = runtime.spawn([program, act], options);
  afterThisTest(() => child.kill("SIGKILL"));
  const received: unknown[] = [];
  child.onMessage((message) => received.push(message));
  return { ...child, received };
}

test("messages arrive in order and as they were sent", async () => {
  const child = start("echo");
  const messages = [1, "text", null, { big: 12n, at: new Date(0), map: new Map([[1, { a: [2] }]]) }, new Uint8Array(3)];
  for (const message of messages) expect(child.send(message)).toBe(true);
  const large = "x".repeat(5_000_000);
  child.send(large);
  await eventually(() => child.received.length > messages.length);
  expect(child.received).toEqual([...messages, large]);
});

test("a process that ends has its last messages received, and says how it ended", async () => {
  const flood = start("flood");
  expect(await flood.ended).toEqual({ code: 3, signal: null });
  expect(flood.received).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
  expect(flood.send("late")).toBe(false);
  const killed = start("die");
  expect(await killed.ended).toEqual({ code: null, signal: "SIGKILL" });
  expect(killed.received).toEqual(["dying"]);
});

test("a process that is let go learns of it", async () => {
  const child = start("echo");
  child.send("ready");
  await eventually(() => child.received.includes("ready"));
  child.release();
  expect(await child.ended).toEqual({ code: 7, signal: null });
});

test("a process whose parent is killed learns of it", async () => {
  const { stdout, signal } = spawnSync(process.execPath, [program, "orphan"], { encoding: "utf8" });
  expect(signal).toBe("SIGKILL");
  const pid = Number(stdout);
  afterThisTest(() => {
    if (isRunning(pid)) process.kill(pid, "SIGKILL");
  });
  await eventually(() => !isRunning(pid));
});

test("a process gets the folder and the environment that it is given", async () => {
  const cwd = folder();
  const child = start("environment", { cwd, env: { OWN: "yes" } });
  expect(await child.ended).toEqual({ code: 0, signal: null });
  expect(child.received).toEqual([{ cwd, own: "yes", inherited: false }]);
});

test("a process that cannot be started says why", async () => {
  const child = start("echo", { cwd: join(folder(), "missing") });
  const { error, ...end } = await child.ended;
  expect(end).toEqual({ code: null, signal: null });
  expect(error).toMatchObject({ code: "ENOENT" });
  expect([child.pid, child.send("lost")]).toEqual([undefined, false]);
});

test("a process that was started in another way has no parent", () => {
  const { stdout } = spawnSync(process.execPath, [program, "alone"], { encoding: "utf8" });
  expect(stdout).toBe("alone\n");
});
