import type { SyscallName } from "./syscalls.ts";

/** A test of one argument of a system call. */
export interface ArgumentTest {
  /** Counted from 0. */
  readonly argument: number;
  /** Looks at the upper 32 bits. Most arguments are of 32 bits, and the kernel ignores the upper half of those. */
  readonly upperHalf?: true;
  /** Only these bits count. */
  readonly mask?: number;
  readonly is: { readonly equal: number } | { readonly atLeast: number } | { readonly anyBit: number };
}

/** What a command may not ask of the kernel. */
export interface Rule {
  readonly syscalls: readonly SyscallName[];
  /** The error that the call fails with. */
  readonly errno: number;
  /** The call is let through when all tests of one of these lists are true; without lists, never. */
  readonly allowIf?: readonly (readonly ArgumentTest[])[];
  /** The call is refused only when one of these tests is true; otherwise it is let through. */
  readonly refuseIf?: readonly ArgumentTest[];
}

const EPERM = 1;
const EINVAL = 22;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
/** The part of a socket's type that is not a flag. */
const SOCK_TYPE_MASK = 0xf;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const newNamespaces = 0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000;
/** For clone(2) this bit belongs to the signal at the end; only unshare(2) reads it as a time namespace. */
const CLONE_NEWTIME = 0x80;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const maxSharedSegmentBytes = 1024 ** 2;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
/** The flags of open(2) that make it create a file: O_CREAT and __O_TMPFILE. Without them its mode means nothing. */
const creates = 0x40 | 0x40_0000;

const equal = (argument: number, value: number): ArgumentTest => ({ argument, is: { equal: value } });
const hasNone = (argument: number, bits: number): ArgumentTest => ({ argument, mask: bits, is: { equal: 0 } });
const hasAny = (argument: number, bits: number): ArgumentTest => ({ argument, is: { anyBit: bits } });

/**
 * What is refused to every command. The mounts and namespaces of a sandbox hide most of what these calls reach; the
 * rules hold where a name, a path or a namespace would not.
 */
export const rules: readonly Rule[] = [
  // Sockets. IPv4 and IPv6 are bounded by the network namespace, which holds only a loopback of its own when a command
  // has no network. The route family lists interfaces, as getaddrinfo(3) and Node need. Every other family is refused:
  // a Unix, vsock or Bluetooth socket reaches beyond a network namespace, and AF_ALG reaches the kernel.
  {
    syscalls: ["socket"],
    errno: EAFNOSUPPORT,
    allowIf: [[equal(0, AF_INET)], [equal(0, AF_INET6)], [equal(0, AF_NETLINK), equal(2, NETLINK_ROUTE)]],
  },
  // A pair is connected to itself for good, so it reaches nothing else, and Node, npm and git talk to their children
  // through pairs. This does not hold for datagrams: such a socket can send to any name.
  {
    syscalls: ["socketpair"],
    errno: EAFNOSUPPORT,
    allowIf: [SOCK_STREAM, SOCK_SEQPACKET].map((type) => [
      equal(0, AF_UNIX),
      { argument: 1, mask: SOCK_TYPE_MASK, is: { equal: type } },
    ]),
  },
  // io_uring makes and connects sockets, and does much else, past every other rule. Programs fall back without it.
  { syscalls: ["io_uring_setup", "io_uring_enter", "io_uring_register"], errno: ENOSYS },
  // The descriptors of another process, among them its sockets.
  { syscalls: ["pidfd_getfd"], errno: EPERM },

  // Namespaces: in a user namespace of its own a command would be root again. clone3 hides its flags from a filter
  // behind a pointer; the C library falls back to clone.
  { syscalls: ["clone"], errno: EPERM, refuseIf: [{ argument: 0, is: { anyBit: newNamespaces } }] },
  { syscalls: ["unshare"], errno: EPERM, refuseIf: [{ argument: 0, is: { anyBit: newNamespaces | CLONE_NEWTIME } }] },
  { syscalls: ["clone3"], errno: ENOSYS },
  { syscalls: ["setns"], errno: EPERM },

  // File systems: mounts, and files by a handle instead of a path.
  { syscalls: ["mount", "umount2", "pivot_root", "chroot", "mount_setattr", "move_mount"], errno: EPERM },
  { syscalls: ["open_tree", "open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick"], errno: EPERM },
  { syscalls: ["open_by_handle_at", "fanotify_init", "quotactl", "quotactl_fd"], errno: EPERM },

  // Programs that another user of the machine would execute with the rights of the server's user. The root folder keeps
  // them after the command. Folders may pass their group on, so chmod may set that bit; files are created without it.
  // openat2 hides its mode from a filter behind a pointer; programs fall back to openat.
  { syscalls: ["chmod", "fchmod"], errno: EPERM, refuseIf: [hasAny(1, S_ISUID)] },
  { syscalls: ["fchmodat", "fchmodat2"], errno: EPERM, refuseIf: [hasAny(2, S_ISUID)] },
  { syscalls: ["creat", "mknod"], errno: EPERM, refuseIf: [hasAny(1, S_ISUID | S_ISGID)] },
  { syscalls: ["mknodat"], errno: EPERM, refuseIf: [hasAny(2, S_ISUID | S_ISGID)] },
  { syscalls: ["open"], errno: EPERM, allowIf: [[hasNone(1, creates)], [hasNone(2, S_ISUID | S_ISGID)]] },
  { syscalls: ["openat"], errno: EPERM, allowIf: [[hasNone(2, creates)], [hasNone(3, S_ISUID | S_ISGID)]] },
  { syscalls: ["openat2"], errno: ENOSYS },

  // The kernel's keyrings. They belong to a session or a user, and no namespace separates them.
  { syscalls: ["add_key", "request_key", "keyctl"], errno: EPERM },

  // The memory and state of other processes.
  { syscalls: ["ptrace", "process_vm_readv", "process_vm_writev", "kcmp"], errno: EPERM },

  // Input for a terminal, as if a person had typed it.
  {
    syscalls: ["ioctl"],
    errno: EPERM,
    refuseIf: [equal(1, TIOCSTI), equal(1, TIOCLINUX)],
  },

  // Memory that no limit counts. A shared segment outlives its process and may only be small, as a database's lock is;
  // there can be 4096 of them.
  { syscalls: ["memfd_secret"], errno: ENOSYS },
  {
    syscalls: ["shmget"],
    errno: EINVAL,
    refuseIf: [
      { argument: 1, upperHalf: true, is: { atLeast: 1 } },
      { argument: 1, is: { atLeast: maxSharedSegmentBytes + 1 } },
    ],
  },

  // The kernel and the machine. Most of this needs a capability that a command does not have.
  { syscalls: ["bpf", "perf_event_open", "userfaultfd", "modify_ldt", "iopl", "ioperm", "syslog"], errno: EPERM },
  { syscalls: ["init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load"], errno: EPERM },
  { syscalls: ["reboot", "swapon", "swapoff", "acct", "sethostname", "setdomainname"], errno: EPERM },
  { syscalls: ["settimeofday", "clock_settime", "clock_adjtime", "adjtimex"], errno: EPERM },
];

/** What a call fails with whose number is not known here. Programs fall back to an older call. */
export const unknownErrno = ENOSYS;
