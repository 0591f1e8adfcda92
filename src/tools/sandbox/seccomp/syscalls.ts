/** The machines that a filter can be made for, by Node's names of them. */
export type Machine = "x64" | "arm64";

/**
 * The kernel's name of each machine's own system call interface (AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64). A process can
 * also enter the kernel through the interface of a 32-bit program, where the same numbers mean other calls.
 */
export const architectures: Record<Machine, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };

/**
 * The first number that this table does not judge: calls up to Linux 6.18 have lower ones. The numbers of the x32
 * interface have bit 30 set, so they are higher too.
 */
export const firstUnknownSyscall = 470;

/** The numbers of the system calls that the sandbox names, on x86-64 and on arm64. -1: the machine has no such call. */
const numbers = {
  acct: [163, 89],
  add_key: [248, 217],
  adjtimex: [159, 171],
  bpf: [321, 280],
  capset: [126, 91],
  chdir: [80, 49],
  chmod: [90, -1],
  chroot: [161, 51],
  clock_adjtime: [305, 266],
  clock_settime: [227, 112],
  clone: [56, 220],
  clone3: [435, 435],
  close: [3, 57],
  close_range: [436, 436],
  creat: [85, -1],
  delete_module: [176, 106],
  execve: [59, 221],
  fanotify_init: [300, 262],
  fchmod: [91, 52],
  fchmodat: [268, 53],
  fchmodat2: [452, 452],
  finit_module: [313, 273],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  fstat: [5, 80],
  init_module: [175, 105],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  ioctl: [16, 29],
  ioperm: [173, -1],
  iopl: [172, -1],
  kcmp: [312, 272],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  memfd_secret: [447, 447],
  mkdirat: [258, 34],
  mknod: [133, -1],
  mknodat: [259, 33],
  modify_ldt: [154, -1],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  open: [2, -1],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  open_tree_attr: [467, 467],
  openat: [257, 56],
  openat2: [437, 437],
  perf_event_open: [298, 241],
  pidfd_getfd: [438, 438],
  pivot_root: [155, 41],
  prctl: [157, 167],
  prlimit64: [302, 261],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  ptrace: [101, 117],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  request_key: [249, 218],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  seccomp: [317, 277],
  sendfile: [40, 71],
  setdomainname: [171, 162],
  sethostname: [170, 161],
  setns: [308, 268],
  settimeofday: [164, 170],
  shmget: [29, 194],
  socket: [41, 198],
  socketpair: [53, 199],
  swapoff: [168, 225],
  swapon: [167, 224],
  symlinkat: [266, 36],
  syslog: [103, 116],
  umount2: [166, 39],
  unlinkat: [263, 35],
  unshare: [272, 97],
  userfaultfd: [323, 282],
  write: [1, 64],
} as const satisfies Record<string, readonly [x64: number, arm64: number]>;

export type SyscallName = keyof typeof numbers;

/** The number of a system call on a machine, or undefined where the machine has none. */
export function syscallNumber(name: SyscallName, machine: Machine): number | undefined {
  const number = numbers[name][machine === "x64" ? 0 : 1];
  return number === -1 ? undefined : number;
}

export const syscallNames = Object.keys(numbers) as SyscallName[];
