export { throwIfExhausted } from "./exhausted.ts";
export { fileKey } from "./file-key.ts";
export { fileUnavailable } from "./file-unavailable.ts";
export { type HeldFolder, holdFolder, isLockedFolder, throwIfLocked, unlockFolder, unlockHeld } from "./own-folder.ts";
export { createPrivateFile, openPrivateLog, ownerOnly, writePrivateFile } from "./private-file.ts";
export { PrivateFolder } from "./private-folder.ts";
export { readRegularFile } from "./regular-file.ts";
export { beginsLikeDatabase, sqliteHeader } from "./sqlite-header.ts";
export { readTokenFile } from "./token-file.ts";
