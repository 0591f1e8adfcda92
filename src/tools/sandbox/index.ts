export { findSandbox, type SandboxSearch } from "./detect.ts";
export { databaseSuffixes, existingFiles } from "./hidden.ts";
export { maxTemporaryBytes, minTemporaryBytes } from "./limits.ts";
export { isBelow } from "./paths.ts";
export type { Sandbox, SandboxPolicy } from "./policy.ts";
export { programFolders } from "./program-folders.ts";
export { findProgram } from "./programs.ts";
export { kill, type SandboxedProcess, start, terminate } from "./start.ts";
export { temporaryDir } from "./view.ts";
