export { openWorktree, type UsedWorktree } from "./ensure.ts";
export { removeWorktree } from "./remove.ts";
