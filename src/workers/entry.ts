import { contain } from "../containment/index.ts";
import { runtime, sharedFd } from "../runtime/index.ts";
import { Board } from "./board.ts";
import { endFirstWithoutMemory } from "./memory.ts";
import { Worker } from "./worker.ts";

// The program of a worker process. Only a server starts it.
process.title = "smithers worker";
const parent = runtime.parent();
if (parent === undefined) throw new Error("This program is started by smithers-orchestrator itself.");
// The server decides when a worker ends, also where a signal goes to the whole group of processes.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
let worker: Worker | undefined;
contain((thrown) => worker?.noteUnknown(thrown));
await runtime.endWithParent();
endFirstWithoutMemory();
// Code that finds a channel to a parent would speak to a program of its own.
process.send = undefined;
// Listened to at once: what arrives before is lost.
worker = new Worker(parent, new Board(sharedFd));
// Ends also what the author's code has started: a worker leads a process group of its own.
parent.onClose(() => process.kill(-process.pid, "SIGKILL"));
