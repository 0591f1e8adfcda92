import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { programFolders } from "../../src/tools/sandbox/index.ts";
import { folder } from "../support/folder.ts";

/** What commands see of a home, when the server's PATH names these folders of it. */
function seen(home: string, ...path: string[]): string[] {
  const all = programFolders(["/usr/bin", ...path.map((each) => join(home, each)), "."].join(":"), home);
  return all
    .map((each) => relative(home, each))
    .filter((each) => !each.startsWith(".."))
    .sort();
}

test("commands see the folders of PATH and what belongs to their programs, and no credentials", () => {
  const home = folder({
    ".cargo/bin/cargo": "",
    ".cargo/credentials.toml": "secret",
    ".rustup/settings.toml": "",
    ".local/bin/tool": "",
    ".local/lib/python/module.py": "",
    ".local/share/keyrings/login.keyring": "secret",
    ".nvm/versions/node/v20/bin/node": "",
    ".nvm/versions/node/v20/lib/node_modules/npm/index.js": "",
    ".nvm/versions/node/v20/etc/npmrc": "secret",
    "sdk/go/bin/go": "",
    "sdk/go/src/fmt/print.go": "",
    "sdk/go/secrets": "secret",
    "bin/mine": "",
    "lib/notes": "secret",
  });
  expect(seen(home, ".cargo/bin", ".local/bin", ".nvm/versions/node/v20/bin", "sdk/go/bin", "bin", "missing")).toEqual([
    ".cargo/bin",
    ".local/bin",
    ".local/lib",
    ".nvm/versions/node/v20/bin",
    ".nvm/versions/node/v20/lib",
    ".rustup",
    "bin",
    "sdk/go/bin",
    "sdk/go/src",
  ]);
});

test("commands see what version managers and packages run, wherever the links of PATH lead", () => {
  const home = folder({
    ".pyenv/shims/python": "",
    ".pyenv/versions/3.12/bin/python": "",
    ".pyenv/cache/download": "",
    "app/node_modules/.bin/other": "",
    "app/node_modules/typescript/bin/tsc": "",
    "app/.env": "secret",
    "tools/ruff/bin/ruff": "",
    "tools/ruff/lib/site-packages/ruff.py": "",
    "tools/ruff/src/main.rs": "",
    "loose/script.sh": "",
    "loose/secret": "secret",
    "links/kept": "",
  });
  symlinkSync("../tools/ruff/bin/ruff", join(home, "links/ruff"));
  symlinkSync("../loose/script.sh", join(home, "links/script"));
  symlinkSync("gone", join(home, "links/broken"));
  expect(seen(home, ".pyenv/shims", "app/node_modules/.bin", "links")).toEqual([
    ".pyenv/shims",
    ".pyenv/versions",
    "app/node_modules",
    "links",
    "loose/script.sh",
    "tools/ruff/bin",
    "tools/ruff/lib",
  ]);
});

test("a PATH that names a whole home, or the root of the file system, shows neither", () => {
  const home = folder({ ".ssh/key": "secret" });
  mkdirSync(join(home, "bin"));
  expect(seen(home, "", "bin", "../..")).toEqual(["bin"]);
  expect(programFolders("/:/usr/bin", home)).not.toContain("/");
});
