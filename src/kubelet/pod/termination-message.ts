import { open } from 'node:fs/promises'
import type { CriResponse } from '../cri/messages.ts'
import { terminationMessagePathAnnotation, terminationMessagePolicyAnnotation } from './runtime-state.ts'

/** Upstream's limits: kubelet v1.36 container/runtime.go MaxContainerTerminationMessage*. */
const maxMessageBytes = 4 * 1024
const maxLogBytes = 2 * 1024
const maxLogLines = 80

/**
 * The last words of a container: what it wrote to its termination message path, or the end of its log when it failed
 * silently and its policy says so. After kubelet v1.36 kuberuntime_container.go getTerminationMessage.
 */
export async function terminationMessage(status: CriResponse<'ContainerStatus'>): Promise<string> {
  const path = status.annotations[terminationMessagePathAnnotation]
  const mount = path ? status.mounts.find(({ containerPath }) => containerPath === path) : undefined
  const written = mount ? await readStart(mount.hostPath, maxMessageBytes) : ''
  if (written !== '' || status.exitCode === 0) return written
  if (status.annotations[terminationMessagePolicyAnnotation] !== 'FallbackToLogsOnError' || !status.logPath) return ''
  return logTail(await readEnd(status.logPath, maxLogBytes * 4))
}

async function readStart(path: string, bytes: number): Promise<string> {
  return readPart(path, () => 0, bytes)
}

async function readEnd(path: string, bytes: number): Promise<string> {
  return readPart(path, (size) => Math.max(0, size - bytes), bytes)
}

/** Empty when the file is gone, as after the Pod has been cleared up. */
async function readPart(path: string, from: (size: number) => number, bytes: number): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, from(size))
      return buffer.subarray(0, bytesRead).toString('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** The last lines of a CRI log, without time, stream and tag: `2026-01-01T00:00:00Z stderr F boom` gives `boom`. */
export function logTail(text: string): string {
  const lines = text.split('\n').flatMap((line) => {
    const match = /^\S+ (?:stdout|stderr) ([FP])\S* (.*)$/.exec(line)
    return match ? [{ full: match[1] === 'F', content: match[2]! }] : []
  })
  const joined = lines
    .slice(-maxLogLines)
    .map(({ full, content }) => (full ? `${content}\n` : content))
    .join('')
  return Buffer.from(joined).subarray(-maxLogBytes).toString('utf8')
}
