export { openWorktree, type UsedWorktree } from "./ensure.ts";
export { type RemovedWorktree, removeWorktree } from "./remove.ts";
export type { RepositoryAccess } from "./repository.ts";
