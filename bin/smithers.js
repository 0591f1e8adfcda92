#!/bin/sh
":" //; exec "$(command -v bun || command -v node || echo bun)" "$0" "$@"

// The shell takes Bun to run this file, or Node, which looks for a Bun that is installed elsewhere.
if (process.versions.bun) await import("../dist/cli/main.js");
else await import("../dist/cli/without-bun.js");
