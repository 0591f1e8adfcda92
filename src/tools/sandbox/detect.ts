import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, SmithersError } from "../../errors/index.ts";
import { type BubblewrapFeatures, bubblewrap } from "./bubblewrap.ts";
import type { Sandbox } from "./policy.ts";
import { findProgram } from "./programs.ts";
import { seatbelt } from "./seatbelt.ts";
import { start } from "./start.ts";
import { unshareSandbox } from "./unshare.ts";

/** What was found on this machine, and why nothing else was. */
export interface SandboxSearch {
  readonly sandbox: Sandbox | undefined;
  /** One sentence per mechanism that does not work here. */
  readonly failures: readonly string[];
}

/** What was found, by the mechanism that `SMITHERS_SANDBOX` names. */
const searches = new Map<Sandbox["name"] | undefined, Promise<SandboxSearch>>();

/**
 * The best sandbox that works on this machine. It is looked for once, and tried out: that a program is installed
 * does not say that the kernel, or the container around it, lets it do its work.
 * @throws TOOL_SANDBOX_UNAVAILABLE with what was tried
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
    `Commands are run only where the system can confine them, and here it cannot: ${failures.join(" ")}`,
    { details: { failures } },
  );
}

/** `SMITHERS_SANDBOX` names the only mechanism that may be used. */
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
  /** Sandboxes to be tried, the best first, or why there is none. */
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
  if (!bwrap) return yield "bubblewrap is not installed.";
  if (!prlimit) return yield "prlimit is missing; it belongs to util-linux.";
  const help = await outputOf(bwrap, "--help");
  const features: BubblewrapFeatures = {
    bwrap,
    prlimit,
    userNamespace: true,
    canDisableUserNamespaces: help.includes("--disable-userns"),
    canLimitTmpfs: help.includes("--size"),
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

async function* unshares(): AsyncIterable<Sandbox | string> {
  const [unshare, setpriv, prlimit, bash] = ["unshare", "setpriv", "prlimit", "bash"].map(findProgram);
  if (!unshare || !setpriv || !prlimit || !bash)
    return yield "unshare, setpriv and prlimit of util-linux, and bash, are not all there.";
  const features = { unshare, setpriv, prlimit, bash, countsProcesses: !isRoot() && countsProcessesByNamespace() };
  const canBound = isRoot() && hasNamespacedPidMax();
  yield unshareSandbox({ ...features, boundsNamespace: canBound });
  if (canBound) yield unshareSandbox({ ...features, boundsNamespace: false });
}

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

/** Whether a sandbox keeps its promises in the plainest case; what it said if not. */
async function tryOut(sandbox: Sandbox): Promise<string | undefined> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "smithers-sandbox-")));
  const bash = findProgram("bash");
  if (!bash) return "bash is missing.";
  const linuxOnly =
    process.platform === "linux" ? '[ "$(grep -c : /proc/net/dev)" = 1 ] && [ ! -e /proc/2000000 ] &&' : "";
  const script = `${linuxOnly} touch inside && ! touch /etc/.smithers-sandbox 2>/dev/null && echo confined`;
  try {
    const policy = {
      rootDir: folder,
      cwd: folder,
      readOnly: false,
      allowNetwork: false,
      visible: [],
      hidden: [],
      env: systemEnv,
    };
    const said = await say(sandbox, policy, [bash, "-c", script]);
    return said.stdout === "confined\n" ? undefined : `${said.stderr.trim() || "a command was not confined"}.`;
  } catch (error) {
    return messageOf(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const systemEnv = { PATH: "/usr/local/bin:/usr/bin:/bin" };

function say(sandbox: Sandbox, ...wrapped: Parameters<Sandbox["wrap"]> extends [...infer A] ? A : never) {
  return new Promise<{ stdout: string; stderr: string }>((resolve, reject) => {
    const child = start(sandbox.wrap(...wrapped));
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
