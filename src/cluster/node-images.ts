import { join } from 'node:path'
import { importImage, listImages, type NodeImage } from '../kubelet/containerd/images.ts'

/** The socket of a node's containerd, in the node's state directory. */
export const containerdSocket = (stateDirectory: string): string => join(stateDirectory, 'containerd.sock')

/** Imports an archive into a node's runtime, answering the names of its images. */
export function importNodeImage(stateDirectory: string, archivePath: string): Promise<readonly string[]> {
  return importImage({ socketPath: containerdSocket(stateDirectory), archivePath })
}

export function listNodeImages(stateDirectory: string): Promise<readonly NodeImage[]> {
  return listImages({ socketPath: containerdSocket(stateDirectory) })
}
