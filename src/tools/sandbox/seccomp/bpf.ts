/**
 * An assembler for the classic BPF programs that seccomp runs at each system call (see seccomp(2)). A program reads
 * the call's number, machine and arguments, jumps only forward, and ends with what is to happen to the call.
 */
export interface Instruction {
  readonly code: number;
  /** How many instructions to skip when a comparison is true. */
  readonly ifTrue: number;
  /** How many instructions to skip when it is false. */
  readonly ifFalse: number;
  /** The operand: an offset, a mask, a value to compare with or the result. */
  readonly operand: number;
}

/** What happens to a system call. */
export const allow = 0x7fff_0000;
export const killProcess = 0x8000_0000;

/** The call fails with an error number of errno(3). */
export const failWith = (errno: number): number => 0x0005_0000 | errno;

/** Where `struct seccomp_data` holds what a program can look at. */
export const offsets = {
  syscall: 0,
  machine: 4,
  /** The lower 32 bits of an argument, counted from 0, and then the upper ones: both machines are little-endian. */
  argument: (index: number) => 16 + 8 * index,
  upperHalf: (index: number) => 20 + 8 * index,
};

/** Loads 32 bits of the call's description into the accumulator. */
export const load = (offset: number): Instruction => plain(0x20, offset);

/** Keeps only these bits of the accumulator. */
export const mask = (bits: number): Instruction => plain(0x54, bits);

/** Ends the program. */
export const answer = (result: number): Instruction => plain(0x06, result);

/** Compares the accumulator with the operand, and skips that many of the instructions that follow. */
export function compare(
  comparison: keyof typeof comparisons,
  operand: number,
  { ifTrue = 0, ifFalse = 0 }: { ifTrue?: number; ifFalse?: number },
): Instruction {
  return { code: comparisons[comparison], ifTrue, ifFalse, operand };
}

const comparisons = {
  equal: 0x15,
  /** Compares them as unsigned numbers. */
  atLeast: 0x35,
  /** Whether the accumulator has one of the operand's bits. */
  anyBit: 0x45,
};

function plain(code: number, operand: number): Instruction {
  return { code, ifTrue: 0, ifFalse: 0, operand };
}

/** Bytes of one instruction: `struct sock_filter`. */
export const instructionBytes = 8;

/** The most that a jump can skip, because it counts in one byte. */
const maxSkip = 255;

/** The program as the kernel, and bubblewrap's `--seccomp`, read it. */
export function assemble(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * instructionBytes);
  const view = new DataView(bytes.buffer);
  instructions.forEach(({ code, ifTrue, ifFalse, operand }, index) => {
    const skipped = Math.max(ifTrue, ifFalse);
    if (skipped > maxSkip || (skipped > 0 && index + 1 + skipped >= instructions.length)) {
      throw new Error(`Instruction ${index} skips ${skipped} instructions, which is too far.`);
    }
    const at = index * instructionBytes;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, ifTrue);
    view.setUint8(at + 3, ifFalse);
    view.setUint32(at + 4, operand >>> 0, true);
  });
  return bytes;
}
