export { findSandbox, type SandboxSearch } from "./detect.ts";
export {
  databaseSuffixes,
  existingFiles,
  isBelow,
  isCovered,
  pathSockets,
  programsInPrivateFolders,
} from "./hidden.ts";
export type { Sandbox, SandboxedCommand, SandboxPolicy } from "./policy.ts";
export { findProgram } from "./programs.ts";
export { kill, type SandboxedProcess, start, terminate } from "./start.ts";
