import { execFile } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, realpathSync, rmSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, SmithersError } from "../../errors/index.ts";
import { runtime } from "../../runtime/index.ts";
import { type BubblewrapFeatures, bubblewrap, neededOptions } from "./bubblewrap.ts";
import { launcherProgram } from "./launcher/program.ts";
import { confinedTo, type Sandbox } from "./policy.ts";
import { findProgram } from "./programs.ts";
import { seatbelt } from "./seatbelt.ts";
import { commandFilter } from "./seccomp/filter.ts";
import type { Machine } from "./seccomp/syscalls.ts";
import { type SandboxedProcess, start } from "./start.ts";
import { unshareSandbox } from "./unshare.ts";

/** The sandbox that was found on this machine, and why others do not work. */
export interface SandboxSearch {
  readonly sandbox: Sandbox | undefined;
  /** One sentence per mechanism that does not work here. */
  readonly failures: readonly string[];
}

/** Results of searches, by the mechanism that `SMITHERS_SANDBOX` names. */
const searches = new Map<Sandbox["name"] | undefined, Promise<SandboxSearch>>();

/**
 * The best sandbox that works on this machine. The search runs once and tests what it finds: an installed program may
 * still be stopped by the kernel or by a container.
 * @throws TOOL_SANDBOX_UNAVAILABLE naming what does not work
 */
export async function findSandbox(): Promise<Sandbox> {
  const only = chosen();
  const search = searches.get(only) ?? searchSandbox(only);
  searches.set(only, search);
  const { sandbox, failures } = await search;
  if (sandbox) return sandbox;
  // What is missing may be installed while the server runs.
  searches.delete(only);
  throw new SmithersError(
    "TOOL_SANDBOX_UNAVAILABLE",
    `Commands run only where the system can confine them, and here it cannot: ${failures.join(" ")}`,
    { details: { failures } },
  );
}

/** The only mechanism that may be used, if `SMITHERS_SANDBOX` names one. */
function chosen(): Sandbox["name"] | undefined {
  return (process.env.SMITHERS_SANDBOX || undefined) as Sandbox["name"] | undefined;
}

/** Tries the mechanisms in order of preference, or one of them alone. */
export async function searchSandbox(only?: Sandbox["name"]): Promise<SandboxSearch> {
  const failures: string[] = [];
  const mechanisms = process.platform === "linux" ? linux : process.platform === "darwin" ? macos : [];
  if (mechanisms.length === 0) failures.push(`There is no sandbox for ${process.platform}.`);
  else if (only !== undefined && !mechanisms.some(({ name }) => name === only)) {
    const names = mechanisms.map(({ name }) => name).join(" or ");
    failures.push(`SMITHERS_SANDBOX is "${only}"; on this system it can be ${names}.`);
  }
  for (const { name, candidates } of mechanisms) {
    if (only !== undefined && name !== only) continue;
    for await (const candidate of candidates()) {
      if (typeof candidate === "string") failures.push(candidate);
      else {
        const failure = await tryOut(candidate);
        if (failure === undefined) return { sandbox: candidate, failures };
        failures.push(`${name} does not work: ${failure}`);
      }
    }
  }
  return { sandbox: undefined, failures };
}

interface Mechanism {
  readonly name: Sandbox["name"];
  /** Sandboxes to try, the best first, or the reason why one cannot be made. */
  candidates(): AsyncIterable<Sandbox | string>;
}

const linux: readonly Mechanism[] = [
  { name: "bubblewrap", candidates: bubblewraps },
  { name: "unshare", candidates: unshares },
];

const macos: readonly Mechanism[] = [
  {
    name: "sandbox-exec",
    async *candidates() {
      const program = findProgram("sandbox-exec");
      yield program ? seatbelt(program, realpathSync(tmpdir())) : "sandbox-exec is missing.";
    },
  },
];

async function* bubblewraps(): AsyncIterable<Sandbox | string> {
  const bwrap = findProgram("bwrap");
  const prlimit = findProgram("prlimit");
  const filter = commandFilter();
  if (!bwrap) return yield "bubblewrap is not installed.";
  if (!prlimit) return yield "prlimit is missing; it belongs to util-linux.";
  if (!filter) return yield noFilter;
  const help = await outputOf(bwrap, "--help");
  const missing = neededOptions.filter((option) => !help.includes(option));
  if (missing.length > 0) return yield `bubblewrap is too old: it does not know ${missing.join(", ")}.`;
  const features: BubblewrapFeatures = {
    bwrap,
    prlimit,
    filter,
    userNamespace: true,
    countsProcesses: !isRoot() && countsProcessesByNamespace(),
    pidLimit: isRoot() ? pidLimit() : undefined,
  };
  yield bubblewrap(features);
  if (features.pidLimit) yield bubblewrap({ ...features, pidLimit: undefined });
  // Containers often forbid user namespaces; root needs none.
  if (isRoot()) {
    yield bubblewrap({ ...features, userNamespace: false });
    if (features.pidLimit) yield bubblewrap({ ...features, userNamespace: false, pidLimit: undefined });
  }
}

/** A descriptor of the launcher's program, for as long as this process runs. */
let launcherFile: Promise<number> | undefined;

async function* unshares(): AsyncIterable<Sandbox | string> {
  const [unshare, setpriv, bash] = ["unshare", "setpriv", "bash"].map(findProgram);
  const filter = commandFilter();
  if (!unshare || !setpriv || !bash) return yield "unshare needs unshare and setpriv of util-linux, and bash.";
  if (!filter) return yield noFilter;
  if (!isKernelSince(5, 12)) return yield "unshare needs Linux 5.12. bubblewrap works on older kernels too.";
  let launcher: number;
  try {
    launcher = await (launcherFile ??= runtime.memoryProgram("sandbox", launcherProgram(process.arch as Machine)));
  } catch (error) {
    return yield `unshare needs programs in memory, which this system does not execute: ${messageOf(error)}.`;
  }
  const countsProcesses = !isRoot() && countsProcessesByNamespace();
  const features = { unshare, setpriv, bash, launcher, filter, countsProcesses };
  const canBound = isRoot() && hasNamespacedPidMax();
  yield unshareSandbox({ ...features, boundsNamespace: canBound });
  if (canBound) yield unshareSandbox({ ...features, boundsNamespace: false });
}

const noFilter = `There is no filter of system calls for ${process.arch}, only for x64 and arm64.`;

function pidLimit(): BubblewrapFeatures["pidLimit"] {
  const [setpriv, unshare, sh] = ["setpriv", "unshare", "sh"].map(findProgram);
  return setpriv && unshare && sh && hasNamespacedPidMax() ? { setpriv, unshare, sh } : undefined;
}

const isRoot = () => process.getuid?.() === 0;

/** RLIMIT_NPROC per user namespace came with Linux 5.14. */
const countsProcessesByNamespace = () => isKernelSince(5, 14);

/** A pid_max for each PID namespace came with Linux 6.14. */
const hasNamespacedPidMax = () => isKernelSince(6, 14);

function isKernelSince(major: number, minor: number): boolean {
  const [has = 0, hasMinor = 0] = release().split(".").map(Number);
  return has > major || (has === major && hasMinor >= minor);
}

/** Checks that every sandbox must pass. */
const checks = [
  "touch inside",
  "! touch /etc/.smithers-sandbox 2>/dev/null",
  ...(process.platform === "linux"
    ? [
        "[ ! -e /etc/shadow ]",
        "[ ! -e /proc/2000000 ]",
        '[ "$(grep -c : /proc/net/dev)" = 1 ]',
        "grep -q '^Seccomp:.2' /proc/self/status",
        "grep -q '^CapEff:.0*$' /proc/self/status",
      ]
    : []),
];

/** Tests a sandbox with one command. Returns what is wrong with it, or undefined if it works. */
async function tryOut(sandbox: Sandbox): Promise<string | undefined> {
  const bash = findProgram("bash");
  if (!bash) return "bash is missing.";
  const rootDir = realpathSync(mkdtempSync(join(tmpdir(), "smithers-sandbox-")));
  const rootFd = openSync(rootDir, constants.O_RDONLY | constants.O_DIRECTORY);
  const script = [...checks, "echo confined"].join(" && ");
  try {
    const child = start(sandbox, confinedTo(rootDir, rootFd), [bash, "-c", script]);
    const said = await say(child);
    if (said.stdout === "confined\n") return undefined;
    return `${child.problem() ?? (said.stderr.trim() || "a command was not confined")}.`;
  } catch (error) {
    return messageOf(error);
  } finally {
    closeSync(rootFd);
    rmSync(rootDir, { recursive: true, force: true });
  }
}

function say(child: SandboxedProcess) {
  return new Promise<{ stdout: string; stderr: string }>((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", () => resolve({ stdout, stderr }));
  });
}

function outputOf(file: string, ...args: string[]): Promise<string> {
  return new Promise((resolve) => execFile(file, args, (_error, stdout, stderr) => resolve(stdout + stderr)));
}
