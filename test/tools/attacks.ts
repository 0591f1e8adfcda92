/** What every attack is given as variables of the shell. */
export interface Targets {
  /**
   * A folder outside the root, where the attacker's user may write, with a file `victim`, a FIFO, sockets that another
   * process listens on, and for root a device `zero`.
   */
  readonly OUTSIDE: string;
  /** The home of the server's user, with a key in `.ssh`. */
  readonly SERVER_HOME: string;
  /** The server's process, and the token in its environment. */
  readonly SERVER: string;
  readonly TOKEN: string;
  /** Ports of the host's loopback: a web server by IPv4 and by IPv6, an echo by UDP. */
  readonly TCP: string;
  readonly TCP6: string;
  readonly UDP: string;
  /** Sockets that another process listens on: an abstract one, and one below the host's /tmp. */
  readonly ABSTRACT: string;
  readonly SOCKET_TMP: string;
  /** The Python itself, and no script that looks for it. */
  readonly PYTHON: string;
}

export interface Attack {
  /** As the table of docs/tools.md says it. */
  readonly what: string;
  /** Run by bash in the root folder, by an earlier command than `script`. */
  readonly earlier?: string;
  /** Run by bash in the root folder; exits with 0 when the attack has succeeded. */
  readonly script: string;
  /** Whether it succeeds without a sandbox on any machine: `root`, for root alone. Where not, nothing can be compared. */
  readonly control: true | "root" | false;
}

/** Without the machine's packages: to look for them costs more than all that an attack does. */
const python = (code: string) => `"$PYTHON" -IS -c '${code}'`;
const connect = (family: string, address: string) =>
  python(`import os,_socket as socket; s=socket.socket(socket.${family}); s.settimeout(2); s.connect(${address})`);

/** Makes a system call, by its numbers on x86-64 and arm64, and fails when the kernel does. */
const syscall = (numbers: readonly [number, number], args: string, before = "") =>
  python(
    `import ctypes,os,sys; l=ctypes.CDLL(None, use_errno=True); n=dict(x86_64=${numbers[0]}, aarch64=${numbers[1]})[os.uname().machine]; ${before}sys.exit(l.syscall(n, ${args}) < 0)`,
  );

/** Makes the system call of a 32-bit program for a socket of IPv4. */
const socketOf32Bits = `import ctypes,mmap,os,sys
if os.uname().machine != "x86_64": sys.exit(1)
code = bytes.fromhex("53b867010000bb02000000b90100000031d2cd805bc3")
page = mmap.mmap(-1, 4096, prot=7); page.write(code)
sys.exit(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() < 0)`;

/** A child of Python that waits, and a byte at the same place in both. */
const withChild =
  'import time; b=ctypes.create_string_buffer(b"x"); c=os.fork(); c or time.sleep(5); v=(ctypes.c_ulong*2)(ctypes.addressof(b), 1); ';

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
      `import os,_socket as socket; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.sendto(b"x", ("127.0.0.1", int(os.environ["UDP"]))); s.recv(9)`,
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
  ...[
    ["bound by its absolute path", "socket"],
    ["bound by a relative name", "relative"],
    ["linked into place, as ssh's control socket is", "linked"],
    ["renamed into place", "renamed"],
  ].map(([how, name]): Attack => {
    return {
      what: `a Unix socket ${how}`,
      script: connect("AF_UNIX", `os.environ["OUTSIDE"] + "/${name}"`),
      control: true,
    };
  }),
  { what: "a Unix socket of another process below the root", script: connect("AF_UNIX", `"socket"`), control: true },
  {
    what: "a datagram from a pair of sockets to one below the root",
    script: python(
      `import _socket as socket; a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.sendto(b"x", "datagrams")`,
    ),
    control: true,
  },
  { what: "the Docker socket", script: connect("AF_UNIX", `"/var/run/docker.sock"`), control: false },
  {
    what: "a socket to the host of a virtual machine",
    script: python("import socket; socket.socket(socket.AF_VSOCK).bind((socket.VMADDR_CID_ANY, 7795))"),
    control: false,
  },
  {
    what: "a socket to the kernel's cryptography",
    script: python(`import socket; socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).bind(("hash", "sha256"))`),
    control: false,
  },
  {
    what: "a socket for the kernel's events",
    script: python("import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15).bind((0, 1))"),
    control: true,
  },
  {
    what: "a socket for raw packets",
    script: python("import _socket as socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"),
    control: "root",
  },
  {
    what: "`io_uring`, which opens sockets by itself",
    script: syscall([425, 425], "8, ctypes.create_string_buffer(120)"),
    control: false,
  },
  {
    what: "a socket by the system call of a 32-bit program",
    script: python(socketOf32Bits),
    control: false,
  },
  {
    what: "a descriptor of another process",
    script: syscall([438, 438], "os.pidfd_open(c), 0, 0", withChild),
    control: true,
  },
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
  {
    what: "a FIFO",
    script: python(`import os; os.write(os.open(os.environ["OUTSIDE"] + "/fifo", os.O_WRONLY | os.O_NONBLOCK), b"x")`),
    control: true,
  },
  { what: "a device", script: "head -c 4 $OUTSIDE/zero", control: "root" },
  { what: "a key in the home of the server's user", script: "cat $SERVER_HOME/.ssh/id_ed25519", control: true },
  { what: "the passwords of the machine", script: "[ -e /etc/shadow ]", control: true },
  { what: "the private keys of the machine", script: "ls /etc/ssh /etc/ssl/private | grep -v :", control: false },
  { what: "the data of the machine's services", script: "[ -e /var/lib/dpkg ] || [ -e /var/log ]", control: true },
  {
    what: "a file by its handle instead of its path",
    script: syscall(
      [304, 265],
      'os.open(b".", 0), h, 0',
      'h=ctypes.create_string_buffer(136); h[0]=b"\\x80"; l.name_to_handle_at(-100, b".", h, ctypes.byref(ctypes.c_int()), 0); ',
    ),
    control: "root",
  },
  { what: "a setting of the kernel", script: "exec 3>>/proc/sys/kernel/core_pattern", control: "root" },
  { what: "the kernel's emergency switch", script: "exec 3>/proc/sysrq-trigger", control: false },
  { what: "a file's owner changed", script: "touch owned && chown 1:1 owned", control: "root" },
  {
    what: "a program that others execute as the server's user",
    script: "cp /bin/true program; chmod u+s program; [ -u program ]",
    control: true,
  },
  {
    what: "the same by the mode that a file is created with",
    script: `${python(`import os; os.umask(0); os.close(os.open("made", os.O_CREAT | os.O_WRONLY, 0o4755))`)} && [ -u made ]`,
    control: true,
  },
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
  {
    what: "a key in the keyring of the server's session",
    script: syscall([250, 219], '10, -3, b"user", b"smithers-attack", 0'),
    control: true,
  },
  {
    what: "the memory of another process",
    script: syscall([310, 270], "c, v, 1, v, 1, 0", withChild),
    control: true,
  },
  { what: "a tracer of another process", script: syscall([101, 117], "16, c, 0, 0", withChild), control: true },
  {
    what: "the kernel told to end the server before the command",
    script: "echo 0 > /proc/self/oom_score_adj",
    control: true,
  },
  // Before the others: without a sandbox it moves the folder back.
  {
    what: "the database after an earlier command has moved its folder",
    earlier: "mv data moved.earlier",
    script: "head -c 16 moved.earlier/smithers.db; found=$?; mv moved.earlier data; exit $found",
    control: true,
  },
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
  {
    what: "a log for SQLite to play back, next to a database that is closed",
    script: "echo x > closed.db-wal && rm closed.db-wal",
    control: true,
  },
  { what: "a closed database replaced", script: "mv closed.db other.db && mv other.db closed.db", control: true },
  { what: "a copy of a database read", script: "head -c 16 closed.db.bak | grep -a SQLite", control: true },
  { what: "the token in the server's `.env`", script: "cat .env", control: true },
  { what: "the token in what an editor keeps of `.env`", script: "cat ..env.swp", control: true },
  {
    what: "an `.env` in a folder that an earlier command has locked",
    earlier: "chmod 0 config",
    script: "chmod 755 config; cat config/.env",
    control: true,
  },
];

/** Against what the server loads: what is changed or made here would run in it. */
const loaded: Attack[] = [
  { what: "a line appended to a workflow file", script: "echo // planted >> attack.tsx", control: true },
  {
    what: "a workflow file in a folder that an earlier command has locked",
    earlier: "chmod 0 locked",
    script: "chmod 755 locked; echo // planted >> locked/flow.tsx",
    control: true,
  },
  { what: "a workflow file replaced", script: "cp attack.tsx new.tsx && mv new.tsx attack.tsx", control: true },
  { what: "a line appended to a module that a workflow imports", script: "echo // planted >> lib.ts", control: true },
  { what: "a module through a hard link", script: "ln lib.ts hard.ts && echo // planted >> hard.ts", control: true },
  {
    what: "a line appended to a module that `createRequire` loads",
    script: "echo // planted >> flows/made.cjs",
    control: true,
  },
  {
    what: "a line appended to a module that runs as a worker",
    script: "echo // planted >> flows/worker.ts",
    control: true,
  },
  { what: "settings that a `tsconfig.json` extends", script: "echo >> base.json", control: true },
  { what: "a hook where git's settings say that hooks are", script: "echo x > githooks/pre-commit", control: true },
  { what: "a hook of a submodule", script: "echo x > .git/modules/sub/hooks/update", control: true },
  { what: "the settings of a submodule", script: "echo '[alias]' >> .git/modules/sub/config", control: true },
  {
    what: "the folder above a workflow replaced",
    script: "mv flows flows.old && cp -r flows.old flows && rm -r flows.old",
    control: true,
  },
  { what: "a line appended to a package", script: "echo // planted >> node_modules/pkg/index.js", control: true },
  { what: "a program for the server's `PATH`", script: "echo x > node_modules/.bin/bwrap", control: true },
  { what: "`package.json` changed", script: "echo >> package.json", control: true },
  { what: "a git hook", script: "echo x > .git/hooks/pre-commit", control: true },
  { what: "git's settings changed", script: "echo '[alias]' >> .git/config", control: true },
  {
    what: "the repository replaced",
    script: "mv .git .git.old && cp -r .git.old .git && rm -r .git.old",
    control: true,
  },
  ...[
    ["a `bunfig.toml`", "bunfig.toml", "echo x > bunfig.toml"],
    ["a `tsconfig.json`", "tsconfig.json", "echo {} > tsconfig.json"],
    ["an `.env.local`", ".env.local", "echo SMITHERS_API_KEY=x > .env.local"],
    ["a FIFO that the server would wait for", ".env.production", "mkfifo .env.production"],
    ["a module that would be imported instead of another", "lib.tsx", "echo x > lib.tsx"],
    [
      "a module that `baseUrl` puts before a package",
      "flows/src/zod.ts",
      "mkdir -p flows/src; echo x > flows/src/zod.ts",
    ],
    ["packages nearer to a workflow", "flows/node_modules", "mkdir flows/node_modules"],
  ].map(([what, path, earlier]): Attack => {
    return { what: `${what}, made by an earlier command`, earlier: earlier!, script: `[ -e ${path} ]`, control: true };
  }),
  {
    what: "a `jsconfig.json` in a folder that is locked then, made by an earlier command",
    earlier: "echo {} > sealed/jsconfig.json; chmod 555 sealed",
    script: "[ -e sealed/jsconfig.json ]; found=$?; chmod 755 sealed; exit $found",
    control: true,
  },
];

export const attacks: readonly { readonly title: string; readonly attacks: readonly Attack[] }[] = [
  { title: "The network", attacks: network },
  { title: "Files outside of the root", attacks: files },
  { title: "The server", attacks: server },
  { title: "What the server loads", attacks: loaded },
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

/** One script of what the attacks do in an earlier command. */
export function earlierScript(list: readonly Attack[]): string {
  return list.map(({ earlier = "true" }) => `( ${earlier}\n) >/dev/null 2>&1 </dev/null`).join("\n");
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
