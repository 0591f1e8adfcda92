export { defaultWorkerMemoryMb } from "./memory.ts";
export { WorkerPool } from "./pool.ts";
export { RemoteHolder } from "./remote-holder.ts";
export { identityOf } from "./remote-store.ts";
