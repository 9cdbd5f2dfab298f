import type { ArchiveImage } from './oci-archive.ts'
import { tarArchive } from './tar.ts'

/** Upstream's name of the image, which users expect to see in the runtime's list. */
export const pauseImageReference = 'registry.k8s.io/pause:3.10.1'

/**
 * The image of the container that holds a Pod's namespaces, with a program written here instruction by instruction:
 * no registry, no compiler. `architecture` is Node's name. Throws for a processor other than x64 and arm64.
 */
export function pauseImage(architecture: string): ArchiveImage {
  const program = programs[architecture]
  if (!program) throw new Error(`no pause program for the processor architecture ${architecture}`)
  return {
    reference: pauseImageReference,
    architecture: program.goName,
    config: { Entrypoint: ['/pause'], Env: ['PATH=/'], User: '65535:65535' },
    layer: tarArchive([{ path: 'pause', mode: 0o755, data: pauseProgram(architecture) }]),
  }
}

interface Program {
  readonly goName: string
  /** e_machine of the ELF header. */
  readonly machine: number
  readonly instructions: readonly number[]
}

/**
 * A process with number 1 ignores a signal that it has no handler for, SIGTERM included, so the program blocks SIGINT,
 * SIGTERM and SIGCHLD and waits for them: at SIGCHLD it reaps (it is init where a Pod shares its process namespace), at
 * any other it exits with 0.
 */
const programs: Readonly<Record<string, Program>> = {
  x64: {
    goName: 'amd64',
    machine: 62,
    instructions: [
      // rt_sigprocmask(SIG_BLOCK, &set, NULL, 8), the set being built on the stack
      ...[0x68, 0x02, 0x40, 0x01, 0x00], //       push 0x14002
      ...[0xb8, 14, 0, 0, 0], //                  mov eax, 14
      ...[0x31, 0xff], //                         xor edi, edi
      ...[0x48, 0x89, 0xe6], //                   mov rsi, rsp
      ...[0x31, 0xd2], //                         xor edx, edx
      ...[0x41, 0xba, 8, 0, 0, 0], //             mov r10d, 8
      ...[0x0f, 0x05], //                         syscall
      // wait: rt_sigtimedwait(&set, NULL, NULL, 8)
      ...[0xb8, 128, 0, 0, 0], //                 mov eax, 128
      ...[0x48, 0x89, 0xe7], //                   mov rdi, rsp
      ...[0x31, 0xf6], //                         xor esi, esi
      ...[0x31, 0xd2], //                         xor edx, edx
      ...[0x41, 0xba, 8, 0, 0, 0], //             mov r10d, 8
      ...[0x0f, 0x05], //                         syscall
      ...[0x83, 0xf8, 2], //                      cmp eax, 2 (SIGINT)
      ...[0x74, 31], //                           je exit
      ...[0x83, 0xf8, 15], //                     cmp eax, 15 (SIGTERM)
      ...[0x74, 26], //                           je exit
      // reap: wait4(-1, NULL, WNOHANG, NULL) until no child is left to reap
      ...[0xb8, 61, 0, 0, 0], //                  mov eax, 61
      ...[0x83, 0xcf, 0xff], //                   or edi, -1
      ...[0x31, 0xf6], //                         xor esi, esi
      ...[0xba, 1, 0, 0, 0], //                   mov edx, 1
      ...[0x4d, 0x31, 0xd2], //                   xor r10, r10
      ...[0x0f, 0x05], //                         syscall
      ...[0x85, 0xc0], //                         test eax, eax
      ...[0x7f, -24 & 0xff], //                   jg reap
      ...[0xeb, -56 & 0xff], //                   jmp wait
      // exit: exit_group(0)
      ...[0xb8, 231, 0, 0, 0], //                 mov eax, 231
      ...[0x31, 0xff], //                         xor edi, edi
      ...[0x0f, 0x05], //                         syscall
    ],
  },
  arm64: {
    goName: 'arm64',
    machine: 183,
    instructions: words([
      0xd2880040, // movz x0, #0x4002
      0xf2a00020, // movk x0, #1, lsl #16
      0xf81f0fe0, // str x0, [sp, #-16]!
      0xd2800000, // mov x0, #0
      0x910003e1, // mov x1, sp
      0xd2800002, // mov x2, #0
      0xd2800103, // mov x3, #8
      0xd28010e8, // mov x8, #135 (rt_sigprocmask)
      0xd4000001, // svc #0
      0x910003e0, // wait: mov x0, sp
      0xd2800001, // mov x1, #0
      0xd2800002, // mov x2, #0
      0xd2800103, // mov x3, #8
      0xd2801128, // mov x8, #137 (rt_sigtimedwait)
      0xd4000001, // svc #0
      0xf100081f, // cmp x0, #2 (SIGINT)
      0x54000180, // b.eq exit (+12)
      0xf1003c1f, // cmp x0, #15 (SIGTERM)
      0x54000140, // b.eq exit (+10)
      0x92800000, // reap: mov x0, #-1
      0xd2800001, // mov x1, #0
      0xd2800022, // mov x2, #1 (WNOHANG)
      0xd2800003, // mov x3, #0
      0xd2802088, // mov x8, #260 (wait4)
      0xd4000001, // svc #0
      0xf100001f, // cmp x0, #0
      0x54ffff2c, // b.gt reap (-7)
      0x17ffffee, // b wait (-18)
      0xd2800000, // exit: mov x0, #0
      0xd2800bc8, // mov x8, #94 (exit_group)
      0xd4000001, // svc #0
    ]),
  },
}

const loadAddress = 0x400000
const headerBytes = 64
const programHeaderBytes = 56

/** A static 64-bit little-endian Linux executable with one read-and-execute segment. After elf(5). */
export function pauseProgram(architecture: string): Buffer {
  const { machine, instructions } = programs[architecture]!
  const codeOffset = headerBytes + programHeaderBytes
  const file = Buffer.alloc(codeOffset + instructions.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]) // ELF, 64 bit, little endian, version 1
  file.writeUInt16LE(2, 16) // executable
  file.writeUInt16LE(machine, 18)
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(BigInt(loadAddress + codeOffset), 24) // entry
  file.writeBigUInt64LE(BigInt(headerBytes), 32) // where the program header stands
  file.writeUInt16LE(headerBytes, 52)
  file.writeUInt16LE(programHeaderBytes, 54)
  file.writeUInt16LE(1, 56) // one program header
  file.writeUInt16LE(64, 58) // size of a section header, of which there are none
  const segment = file.subarray(headerBytes)
  segment.writeUInt32LE(1, 0) // load
  segment.writeUInt32LE(5, 4) // readable, executable
  segment.writeBigUInt64LE(BigInt(loadAddress), 16)
  segment.writeBigUInt64LE(BigInt(loadAddress), 24)
  segment.writeBigUInt64LE(BigInt(file.length), 32)
  segment.writeBigUInt64LE(BigInt(file.length), 40)
  segment.writeBigUInt64LE(0x10000n, 48) // alignment: arm64 pages can be 64 KiB
  file.set(instructions, codeOffset)
  return file
}

function words(instructions: readonly number[]): number[] {
  return instructions.flatMap((word) => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24])
}
