export { isEnvFile } from "./env-file.ts";
export { type Guard, guardOf } from "./guard.ts";
export { refuseChange, refuseRead } from "./refuse.ts";
export { type NotedPaths, notePaths, undo } from "./watch.ts";
