import { findProgram } from "../../src/tools/sandbox/index.ts";

const packages: Record<string, string> = {
  bwrap: "bubblewrap",
  rg: "ripgrep",
  ip: "iproute2",
  unshare: "util-linux",
  setpriv: "util-linux",
  prlimit: "util-linux",
  tmux: "tmux",
};

/** Fails with what to install where a test cannot do without. */
export function needPrograms(...names: string[]): void {
  const missing = names.filter((name) => findProgram(name) === undefined).map((name) => packages[name] ?? name);
  if (missing.length > 0) throw new Error(`These tests need: apt-get install ${[...new Set(missing)].join(" ")}`);
}
