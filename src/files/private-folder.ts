import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownerOnly } from "./private-file.ts";

const prefix = "smithers-private-";
const ownerFile = "owner";

/** Without these, modules in the folder would follow settings that other users keep in the folders above it. */
const ownSettings = { "tsconfig.json": "{}", "package.json": "{}" };

export interface PrivateFolderOwner {
  /** Names this process. */
  readonly name: string;
  /** Whether the process that has this name has certainly ended. */
  isDead(name: string): boolean;
}

/**
 * A folder in the system's temporary folder that only this user can enter. It has a random name and settings of its
 * own for modules.
 */
export class PrivateFolder {
  readonly path: string;

  /**
   * Also removes the private folders of processes that were killed.
   * @throws the system's error when the temporary folder is not writable
   */
  constructor(owner: PrivateFolderOwner) {
    removeLeftovers(owner);
    this.path = mkdtempSync(join(tmpdir(), prefix));
    chmodSync(this.path, 0o700);
    for (const [name, text] of Object.entries({ [ownerFile]: owner.name, ...ownSettings })) {
      writeFileSync(join(this.path, name), text, { flag: "wx", mode: ownerOnly });
    }
  }

  /** Whether it is still there. Systems clean their temporary folder, and then another user may take the name. */
  isIntact(): boolean {
    try {
      return isOurs(this.path) && Object.keys(ownSettings).every((name) => existsSync(join(this.path, name)));
    } catch {
      return false;
    }
  }

  remove(): void {
    if (this.isIntact()) rmSync(this.path, { recursive: true, force: true });
  }
}

function removeLeftovers({ isDead }: PrivateFolderOwner): void {
  const folder = tmpdir();
  for (const name of namesIn(folder).filter((one) => one.startsWith(prefix))) {
    const path = join(folder, name);
    try {
      if (isOurs(path) && isDead(readFileSync(join(path, ownerFile), "utf8")))
        rmSync(path, { recursive: true, force: true });
    } catch {
      // It was removed meanwhile, or has no owner yet.
    }
  }
}

function isOurs(folder: string): boolean {
  const stats = lstatSync(folder);
  return stats.isDirectory() && stats.uid === process.geteuid?.();
}

/** Names in a folder; none when it may not be listed. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
