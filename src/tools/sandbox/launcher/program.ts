import type { Machine } from "../seccomp/syscalls.ts";

/**
 * The launcher: a program of under 150 bytes that makes system calls from a list, one after the other, until one
 * replaces it or fails. A test assembles the instructions below and compares the bytes.
 *
 * The list comes from descriptor 3. Each call takes eight words of eight bytes: its number, six arguments, and a result
 * that is accepted although it is an error, or 0. The number 0 compares instead: the first argument is the address of
 * a word, the second what it must be. When a call fails, the result and the address of the call are written to
 * descriptor 4, and the program ends with code 125. A list that ends too early makes it read from address 0, which ends
 * it too.
 */
export const instructions: Record<Machine, readonly (readonly [bytes: string, assembly: string])[]> = {
  x64: [
    // Reads the list.
    ["be 00 00 00 10", "mov esi, 0x10000000"],
    ["bf 03 00 00 00", "read: mov edi, 3"],
    ["ba 00 00 10 00", "mov edx, 0x100000"],
    ["31 c0", "xor eax, eax"],
    ["0f 05", "syscall"],
    ["bb 00 00 00 10", "mov ebx, 0x10000000"],
    ["48 85 c0", "test rax, rax"],
    ["78 45", "js failed"],
    ["74 05", "jz next"],
    ["48 01 c6", "add rsi, rax"],
    ["eb e1", "jmp read"],
    // Makes the next call.
    ["48 8b 03", "next: mov rax, [rbx]"],
    ["48 8b 7b 08", "mov rdi, [rbx + 8]"],
    ["48 8b 73 10", "mov rsi, [rbx + 16]"],
    ["48 85 c0", "test rax, rax"],
    ["74 26", "jz compare"],
    ["48 8b 53 18", "mov rdx, [rbx + 24]"],
    ["4c 8b 53 20", "mov r10, [rbx + 32]"],
    ["4c 8b 43 28", "mov r8, [rbx + 40]"],
    ["4c 8b 4b 30", "mov r9, [rbx + 48]"],
    ["0f 05", "syscall"],
    // Results from -4095 on are errors.
    ["48 3d 01 f0 ff ff", "cmp rax, -4095"],
    ["72 06", "jb done"],
    ["48 3b 43 38", "cmp rax, [rbx + 56]"],
    ["75 0e", "jne failed"],
    ["48 83 c3 40", "done: add rbx, 64"],
    ["eb ca", "jmp next"],
    ["48 8b 07", "compare: mov rax, [rdi]"],
    ["48 39 f0", "cmp rax, rsi"],
    ["74 f2", "je done"],
    // Writes 16 bytes and exits.
    ["be 00 00 00 10", "failed: mov esi, 0x10000000"],
    ["48 89 06", "mov [rsi], rax"],
    ["48 89 5e 08", "mov [rsi + 8], rbx"],
    ["bf 04 00 00 00", "mov edi, 4"],
    ["ba 10 00 00 00", "mov edx, 16"],
    ["b8 01 00 00 00", "mov eax, 1"],
    ["0f 05", "syscall"],
    ["bf 7d 00 00 00", "mov edi, 125"],
    ["b8 e7 00 00 00", "mov eax, 231"],
    ["0f 05", "syscall"],
  ],
  arm64: [
    // Reads the list.
    ["13 00 a2 d2", "mov x19, #0x10000000"],
    ["e1 03 13 aa", "mov x1, x19"],
    ["60 00 80 d2", "read: mov x0, #3"],
    ["02 02 a0 d2", "mov x2, #0x100000"],
    ["e8 07 80 d2", "mov x8, #63"],
    ["01 00 00 d4", "svc #0"],
    ["1f 00 00 f1", "cmp x0, #0"],
    ["8b 02 00 54", "b.lt failed"],
    ["60 00 00 54", "b.eq next"],
    ["21 00 00 8b", "add x1, x1, x0"],
    ["f8 ff ff 17", "b read"],
    // Makes the next call.
    ["68 02 40 f9", "next: ldr x8, [x19]"],
    ["60 86 40 a9", "ldp x0, x1, [x19, #8]"],
    ["68 01 00 b4", "cbz x8, compare"],
    ["62 8e 41 a9", "ldp x2, x3, [x19, #24]"],
    ["64 96 42 a9", "ldp x4, x5, [x19, #40]"],
    ["01 00 00 d4", "svc #0"],
    // Results from -4095 on are errors.
    ["1f fc 3f b1", "cmn x0, #4095"],
    ["83 00 00 54", "b.lo done"],
    ["69 1e 40 f9", "ldr x9, [x19, #56]"],
    ["1f 00 09 eb", "cmp x0, x9"],
    ["c1 00 00 54", "b.ne failed"],
    ["73 02 01 91", "done: add x19, x19, #64"],
    ["f4 ff ff 17", "b next"],
    ["00 00 40 f9", "compare: ldr x0, [x0]"],
    ["1f 00 01 eb", "cmp x0, x1"],
    ["80 ff ff 54", "b.eq done"],
    // Writes 16 bytes and exits.
    ["01 00 a2 d2", "failed: mov x1, #0x10000000"],
    ["20 4c 00 a9", "stp x0, x19, [x1]"],
    ["80 00 80 d2", "mov x0, #4"],
    ["02 02 80 d2", "mov x2, #16"],
    ["08 08 80 d2", "mov x8, #64"],
    ["01 00 00 d4", "svc #0"],
    ["a0 0f 80 d2", "mov x0, #125"],
    ["c8 0b 80 d2", "mov x8, #94"],
    ["01 00 00 d4", "svc #0"],
  ],
};

/** Where the list lies in the launcher's memory, and the most bytes that it can have. */
export const listAddress = 0x1000_0000;
export const maxListBytes = 8 * 1024 ** 2;

/** Bytes of one call in the list. */
export const callBytes = 64;

/** Where its own code lies. */
const codeAddress = 0x40_0000;

const headerBytes = 64;
const segmentBytes = 56;
const elfMachines: Record<Machine, number> = { x64: 62, arm64: 183 };
/** Kernels for arm64 may have pages of this size. */
const largestPageBytes = 0x1_0000;

const [PT_LOAD, PT_GNU_STACK] = [1, 0x6474_e551];
const [executable, writable, readable] = [1, 2, 4];

/** The launcher as a file in the format ELF: see elf(5). */
export function launcherProgram(machine: Machine): Uint8Array {
  const code = Buffer.from(instructions[machine].map(([bytes]) => bytes.replaceAll(" ", "")).join(""), "hex");
  const segments = [
    { type: PT_LOAD, flags: readable | executable, address: codeAddress, inFile: true },
    { type: PT_LOAD, flags: readable | writable, address: listAddress, memoryBytes: maxListBytes },
    // Without this one, some kernels make all memory executable.
    { type: PT_GNU_STACK, flags: readable | writable, address: 0 },
  ];
  const codeOffset = headerBytes + segments.length * segmentBytes;
  const file = Buffer.alloc(codeOffset + code.length);
  file.write("\x7fELF\x02\x01\x01", "latin1");
  file.writeUInt16LE(2, 16); // e_type: an executable at fixed addresses
  file.writeUInt16LE(elfMachines[machine], 18);
  file.writeUInt32LE(1, 20); // e_version
  file.writeBigUInt64LE(BigInt(codeAddress + codeOffset), 24); // e_entry
  file.writeBigUInt64LE(BigInt(headerBytes), 32); // e_phoff
  file.writeUInt16LE(headerBytes, 52); // e_ehsize
  file.writeUInt16LE(segmentBytes, 54); // e_phentsize
  file.writeUInt16LE(segments.length, 56); // e_phnum
  segments.forEach(({ type, flags, address, inFile = false, memoryBytes = 0 }, index) => {
    const at = headerBytes + index * segmentBytes;
    const bytes = inFile ? file.length : 0;
    file.writeUInt32LE(type, at);
    file.writeUInt32LE(flags, at + 4);
    file.writeBigUInt64LE(BigInt(address), at + 16); // p_vaddr
    file.writeBigUInt64LE(BigInt(address), at + 24); // p_paddr
    file.writeBigUInt64LE(BigInt(bytes), at + 32); // p_filesz
    file.writeBigUInt64LE(BigInt(Math.max(bytes, memoryBytes)), at + 40); // p_memsz
    file.writeBigUInt64LE(BigInt(largestPageBytes), at + 48); // p_align
  });
  code.copy(file, codeOffset);
  return file;
}
