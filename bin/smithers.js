#!/bin/sh
":" //; bun="$(command -v bun || command -v "${0%/*}/bun")" && exec "$bun" --no-install "$0" "$@"; exec "$(command -v node || echo bun)" "$0" "$@"

// The shell takes the Bun on the PATH to run this file, or the one that a project has beside this command, or Node,
// which looks for a Bun that is installed elsewhere. Without the flag, Bun would take packages that are not installed
// from its registry.
const [major, minor] = (process.versions.bun ?? "").split(".").map(Number);
if (process.versions.bun === undefined) await import("../dist/cli/without-bun.js");
else if (major > 1 || minor >= 3) await import("../dist/cli/main.js");
else {
  console.error(`smithers: Bun 1.3 or later is required, but this is Bun ${process.versions.bun}. Update it with: bun upgrade`);
  process.exit(1);
}
