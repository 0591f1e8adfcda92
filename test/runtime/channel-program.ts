import { runtime } from "../../src/runtime/index.ts";

/** The other end of channel.test.ts: does what it is told by its first argument. */
const parent = runtime.parent();
const [, , act] = process.argv;
if (act === "alone") {
  console.log(parent === undefined ? "alone" : "not alone");
} else if (act === "echo") {
  parent!.onMessage((message) => void parent!.send(message));
  parent!.onClose(() => process.exit(7));
} else if (act === "flood") {
  await Promise.all(Array.from({ length: 5_000 }, (_, n) => parent!.send(n)));
  process.exit(3);
} else if (act === "die") {
  await parent!.send("dying");
  process.kill(process.pid, "SIGKILL");
} else if (act === "environment") {
  await parent!.send({ cwd: process.cwd(), own: process.env.OWN, inherited: process.env.PATH !== undefined });
  parent!.close();
} else if (act === "orphan") {
  const child = runtime.spawn([import.meta.filename, "wait"]);
  child.onMessage((pid) => {
    console.log(pid);
    process.kill(process.pid, "SIGKILL");
  });
} else if (act === "wait") {
  parent!.onClose(() => process.exit(0));
  await parent!.send(process.pid);
}
