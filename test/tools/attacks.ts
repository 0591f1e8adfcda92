/** What every attack is given as variables of the shell. */
export interface Targets {
  /** A folder outside of the root, with a file `victim`, where the attacker's user may write. */
  readonly OUTSIDE: string;
  /** The server's process, and the token in its environment. */
  readonly SERVER: string;
  readonly TOKEN: string;
  /** Ports of the host's loopback: a web server by IPv4 and by IPv6, an echo by UDP. */
  readonly TCP: string;
  readonly TCP6: string;
  readonly UDP: string;
  /** Sockets that somebody listens on: an abstract one, and two by a path. */
  readonly ABSTRACT: string;
  readonly SOCKET_TMP: string;
  readonly SOCKET_HOME: string;
  /** The Python itself, and no script that looks for it. */
  readonly PYTHON: string;
}

export interface Attack {
  /** As the table of docs/tools.md says it. */
  readonly what: string;
  /** Run by bash in the root folder; exits with 0 when the attack has succeeded. */
  readonly script: string;
  /** Whether it succeeds without a sandbox on any machine: `root`, for root alone. Where not, nothing can be compared. */
  readonly control: true | "root" | false;
}

const python = (code: string) => `"$PYTHON" -c '${code}'`;
const connect = (family: string, address: string) =>
  python(`import os,socket; s=socket.socket(socket.${family}); s.settimeout(2); s.connect(${address})`);

/** Against the network. */
const network: Attack[] = [
  {
    what: "`curl` to a server on the host's loopback",
    script: "curl -sf --max-time 2 http://127.0.0.1:$TCP/",
    control: true,
  },
  { what: "`/dev/tcp` of bash", script: "exec 3<>/dev/tcp/127.0.0.1/$TCP", control: true },
  {
    what: "a TCP socket of Python",
    script: connect("AF_INET", `("127.0.0.1", int(os.environ["TCP"]))`),
    control: true,
  },
  {
    what: "a TCP socket of Node",
    script: `node -e 'require("net").connect(+process.env.TCP, "127.0.0.1").on("connect", () => process.exit(0)).on("error", () => process.exit(1))'`,
    control: true,
  },
  {
    what: "IPv6 to the host's loopback",
    script: connect("AF_INET6", `("::1", int(os.environ["TCP6"]))`),
    control: true,
  },
  {
    what: "UDP to the host's loopback",
    script: python(
      `import os,socket; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.sendto(b"x", ("127.0.0.1", int(os.environ["UDP"]))); s.recv(9)`,
    ),
    control: true,
  },
  { what: "a name looked up by DNS", script: "timeout 2 getent ahosts example.com", control: false },
  {
    what: "a connection to an address of the internet",
    script: "curl -s --max-time 2 http://1.1.1.1/",
    control: false,
  },
  { what: "a network interface of its own making", script: "ip link add attack type dummy", control: false },
  {
    what: "an abstract Unix socket of another process",
    script: connect("AF_UNIX", `"\\0" + os.environ["ABSTRACT"]`),
    control: true,
  },
  { what: "a Unix socket in the host's `/tmp`", script: connect("AF_UNIX", `os.environ["SOCKET_TMP"]`), control: true },
  {
    what: "a Unix socket by a path that the command can see",
    script: connect("AF_UNIX", `os.environ["SOCKET_HOME"]`),
    control: true,
  },
  { what: "the Docker socket", script: connect("AF_UNIX", `"/var/run/docker.sock"`), control: false },
];

/** Against files outside of the root. */
const files: Attack[] = [
  { what: "a write by an absolute path", script: "echo x > $OUTSIDE/absolute", control: true },
  { what: "a write through `..`", script: "echo x > $(realpath --relative-to=. $OUTSIDE)/dots", control: true },
  { what: "a write through a symbolic link", script: "ln -sfn $OUTSIDE out && echo x > out/link", control: true },
  { what: "a hard link to a file outside", script: "ln $OUTSIDE/victim hard && echo x >> hard", control: false },
  { what: "a write through `/proc/self/root`", script: "echo x > /proc/self/root$OUTSIDE/self-root", control: true },
  { what: "a write through `/proc/1/root`", script: "echo x > /proc/1/root$OUTSIDE/one-root", control: false },
  { what: "the read-only file system mounted writable", script: "mount -o remount,bind,rw /", control: false },
  {
    what: "the same in a user namespace of its own",
    script: "unshare -Urm sh -c 'mount -o remount,bind,rw / && echo x > $OUTSIDE/remounted'",
    control: false,
  },
  { what: "a bind mount over what is hidden", script: "mount --bind $OUTSIDE .", control: false },
  { what: "a user namespace at all", script: "unshare -Ur true", control: false },
  {
    what: "a device of its own making",
    script: "rm -f device; mknod device c 1 1 && head -c 0 device",
    control: false,
  },
  { what: "the machine's disks and memory", script: "ls /dev | grep -E '^(sd|vd|nvme|mem|kmsg|kvm)'", control: false },
  { what: "a setting of the kernel", script: "exec 3>>/proc/sys/kernel/core_pattern", control: "root" },
  { what: "the kernel's emergency switch", script: "exec 3>/proc/sysrq-trigger", control: false },
  { what: "a file's owner changed", script: "touch owned && chown 1:1 owned", control: "root" },
];

/** Against the server. */
const server: Attack[] = [
  {
    what: "the server's environment in the command's own",
    script: `env | grep -F "$(printf %s "$TOKEN" | rev)"`,
    control: true,
  },
  {
    what: "the server's environment in `/proc`",
    script: `grep -aqF "$(printf %s "$TOKEN" | rev)" /proc/[0-9]*/environ`,
    control: true,
  },
  { what: "a signal to the server", script: "kill -0 $SERVER", control: true },
  { what: "a look at the host's processes", script: "[ -e /proc/$SERVER/status ]", control: true },
  { what: "a file descriptor left open by the server", script: "ls /proc/self/fd | grep -vxE '[0-3]'", control: false },
  { what: "the server's database read", script: "head -c 16 data/smithers.db | grep -a SQLite", control: true },
  { what: "its write-ahead log read", script: "head -c 4 data/smithers.db-wal | grep -a .", control: true },
  { what: "the database written", script: "printf '' >> data/smithers.db", control: true },
  {
    what: "the database through a hard link",
    script: "ln data/smithers.db data/copy && head -c 16 data/copy",
    control: true,
  },
  {
    what: "the database after its folder was moved",
    script: "mv data moved && { head -c 16 moved/smithers.db; found=$?; mv moved data; exit $found; }",
    control: true,
  },
  {
    what: "the database replaced",
    script: "cp data/smithers.db-shm other 2>/dev/null || echo x > other; mv other data/smithers.db",
    control: false,
  },
  { what: "a forged journal for SQLite to play back", script: "echo x > data/smithers.db-journal", control: false },
  { what: "the token in the server's `.env`", script: "cat .env", control: true },
];

export const attacks: readonly { readonly title: string; readonly attacks: readonly Attack[] }[] = [
  { title: "The network", attacks: network },
  { title: "Files outside of the root", attacks: files },
  { title: "The server", attacks: server },
];

/** One script that tries them all, each in a shell of its own, and says of each whether it has succeeded. */
export function attackScript(list: readonly Attack[], isTried: (attack: Attack) => boolean): string {
  return list
    .map((attack, index) => {
      if (!isTried(attack)) return `echo ${index} untried`;
      return `( ${attack.script}\n) >/dev/null 2>&1 </dev/null && echo ${index} succeeded || echo ${index} refused`;
    })
    .join("\n");
}

export type Result = "succeeded" | "refused" | "untried";

export function readResults(said: string, list: readonly Attack[]): Result[] {
  const results = said
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  if (results.length !== list.length) throw new Error(`The attacks were not all tried: ${said}`);
  return results.map(([, result]) => result as Result);
}
