import { runProgram } from '../../platform/run-program.ts'
import { connectCri } from '../cri/cri.ts'

/** The namespace in which containerd's CRI plugin looks for images. */
const criNamespace = 'k8s.io'

export interface NodeImage {
  readonly id: string
  readonly tags: readonly string[]
  readonly digests: readonly string[]
  readonly sizeBytes: number
}

/**
 * Brings the images of an archive (`docker save` or an OCI layout in tar) into the runtime and answers their names.
 * Throws with containerd's words when the file is none.
 */
export async function importImage(options: {
  socketPath: string
  archivePath: string
  signal?: AbortSignal
}): Promise<readonly string[]> {
  const { socketPath, archivePath, signal } = options
  const args = ['--address', socketPath, '--namespace', criNamespace, 'images', 'import', archivePath]
  const output = await runProgram('ctr', args, signal ? { signal } : {})
  return [...output.matchAll(/^unpacking (\S+) /gm)].map(([, name]) => name!)
}

/** The images of the node, as the runtime knows them. */
export async function listImages({ socketPath }: { socketPath: string }): Promise<readonly NodeImage[]> {
  const cri = connectCri(socketPath)
  try {
    const { images } = await cri.images.listImages({})
    return images.map(({ id, repoTags, repoDigests, size }) => ({
      id,
      tags: repoTags,
      digests: repoDigests,
      sizeBytes: size,
    }))
  } finally {
    cri.close()
  }
}
