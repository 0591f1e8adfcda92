export { riskySettings } from "./git-files.ts";
export { type Guard, guardOf } from "./guard.ts";
export { refuseChange, refuseRead } from "./refuse.ts";
export { type CommandWatch, commandWatch, type EndWatch, ownCommands, watchCommandsWith } from "./running.ts";
export { type Noted, type NotedPaths, notePaths, noteRepositories, type Undone } from "./watch.ts";
