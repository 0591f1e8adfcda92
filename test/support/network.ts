import { execFileSync, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { canRun } from "../../scripts/programs.ts";

/** A network of its own for one process, with one line to the host that can be cut. */
export class Network {
  /** Address of the host on that line. */
  readonly host: string;
  /** Address of the process. */
  readonly address: string;
  readonly #name: string;

  private constructor(name: string, host: string, address: string) {
    this.#name = name;
    this.host = host;
    this.address = address;
  }

  /** Whether this machine lets the tests make networks. */
  static canMake(): boolean {
    if (process.getuid?.() !== 0 || !canRun("ip")) return false;
    const name = `smithers-${randomInt(2 ** 31)}`;
    if (spawnSync("ip", ["netns", "add", name]).status !== 0) return false;
    const { status } = spawnSync("ip", ["-n", name, "link", "add", "dev", "one", "type", "veth", "peer", "two"]);
    spawnSync("ip", ["netns", "del", name]);
    return status === 0;
  }

  static create(): Network {
    const number = randomInt(2 ** 15);
    const name = `smithers-${number}`;
    // Addresses for tests of networks: RFC 2544.
    const at = (last: number) => `198.${18 + (number >> 14)}.${(number >> 6) & 255}.${((number & 63) << 2) + last}`;
    const network = new Network(name, at(1), at(2));
    ip("netns", "add", name);
    ip("link", "add", `sm${number}a`, "type", "veth", "peer", "name", `sm${number}b`, "netns", name);
    ip("addr", "add", `${network.host}/30`, "dev", `sm${number}a`);
    ip("link", "set", `sm${number}a`, "up");
    ip("-n", name, "addr", "add", `${network.address}/30`, "dev", `sm${number}b`);
    ip("-n", name, "link", "set", `sm${number}b`, "up");
    ip("-n", name, "link", "set", "lo", "up");
    return network;
  }

  /** The words before a command that runs in it. */
  get prefix(): string[] {
    return ["ip", "netns", "exec", this.#name];
  }

  /** Loses every packet in both directions, and tells neither side. */
  cut(): void {
    for (const [where, to, device] of this.#ends()) {
      ip(...where, "neigh", "replace", to, "lladdr", "02:00:00:00:00:99", "dev", device, "nud", "permanent");
    }
  }

  mend(): void {
    for (const [where, to, device] of this.#ends()) ip(...where, "neigh", "del", to, "dev", device);
  }

  remove(): void {
    spawnSync("ip", ["netns", "del", this.#name]);
  }

  #ends(): (readonly [where: string[], to: string, device: string])[] {
    const device = `sm${this.#name.slice("smithers-".length)}`;
    return [
      [[], this.address, `${device}a`],
      [["-n", this.#name], this.host, `${device}b`],
    ];
  }
}

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}
