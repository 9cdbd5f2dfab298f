import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateDirectory } from '../platform/files.ts'
import { UsageError } from './usage-error.ts'

/** Where everything lies below `--data-dir`. The folder is its owner's alone. */
export interface DataDirectory {
  readonly root: string
  readonly database: string
  readonly pki: string
  readonly adminKubeconfig: string
  readonly containerd: string
  readonly logs: string
  readonly manifests: string
  /** One node's certificates, kubeconfigs and kubelet state. */
  node(name: string): string
}

/** Opens or makes the data directory. Throws a UsageError when it cannot be written. */
export function openDataDirectory(root: string): DataDirectory {
  try {
    makePrivateDirectory(root)
    accessSync(root, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`cannot write to the data directory ${root} (${code}); choose another with --data-dir`, {
      cause: error,
    })
  }
  return {
    root,
    database: join(root, 'kubets.db'),
    pki: join(root, 'pki'),
    adminKubeconfig: join(root, 'admin.kubeconfig'),
    containerd: join(root, 'containerd'),
    logs: join(root, 'logs'),
    manifests: join(root, 'manifests'),
    node: (name) => join(root, 'nodes', name),
  }
}

/** The nodes that have run on a data directory, by their folders. */
export function nodeDirectories(root: string): { readonly name: string; readonly path: string }[] {
  const nodes = join(root, 'nodes')
  if (!existsSync(nodes)) return []
  return readdirSync(nodes).map((name) => ({ name, path: join(nodes, name) }))
}
