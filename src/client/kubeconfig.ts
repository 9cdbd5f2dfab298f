import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import type { HttpTransportOptions } from './http-transport.ts'

interface Named {
  readonly name: string
}

interface NamedCluster extends Named {
  readonly cluster: {
    readonly server?: string
    readonly 'certificate-authority'?: string
    readonly 'certificate-authority-data'?: string
    readonly 'insecure-skip-tls-verify'?: boolean
    readonly 'tls-server-name'?: string
  }
}

interface NamedUser extends Named {
  readonly user: {
    readonly token?: string
    readonly tokenFile?: string
    readonly 'client-certificate'?: string
    readonly 'client-certificate-data'?: string
    readonly 'client-key'?: string
    readonly 'client-key-data'?: string
    readonly exec?: unknown
  }
}

interface NamedContext extends Named {
  readonly context: { readonly cluster: string; readonly user: string; readonly namespace?: string }
}

interface Kubeconfig {
  readonly clusters?: readonly NamedCluster[]
  readonly users?: readonly NamedUser[]
  readonly contexts?: readonly NamedContext[]
  readonly 'current-context'?: string
}

export interface LoadedKubeconfig {
  readonly options: HttpTransportOptions
  /** The context's namespace, or `default`. */
  readonly namespace: string
}

/**
 * Reads a kubeconfig file into the options of a transport. Relative paths in it count from the file's folder; a
 * tokenFile is read at every request, since whoever wrote it renews it. Throws when the context or what it names is
 * missing, and for credential plugins (`exec`), which are not supported.
 */
export function loadKubeconfig(path: string, contextName?: string): LoadedKubeconfig {
  const config = (parse(readFileSync(path, 'utf8')) ?? {}) as Kubeconfig
  const { context } = find(path, 'context', config.contexts, contextName ?? config['current-context'])
  const { cluster } = find(path, 'cluster', config.clusters, context.cluster)
  const { user } = find(path, 'user', config.users, context.user)
  if (!cluster.server) throw new Error(`${path}: cluster "${context.cluster}" has no server`)
  if (user.exec) throw new Error(`${path}: user "${context.user}" needs a credential plugin, which is not supported`)
  const folder = dirname(path)
  const material = (data: string | undefined, file: string | undefined): string | undefined => {
    if (data) return Buffer.from(data, 'base64').toString('utf8')
    return file ? readFileSync(resolve(folder, file), 'utf8') : undefined
  }
  const certificateAuthority = material(cluster['certificate-authority-data'], cluster['certificate-authority'])
  const clientCertificate = material(user['client-certificate-data'], user['client-certificate'])
  const clientKey = material(user['client-key-data'], user['client-key'])
  const token = tokenOf(user, folder)
  const options: HttpTransportOptions = {
    url: cluster.server.replace(/\/$/, ''),
    ...(certificateAuthority ? { certificateAuthority } : {}),
    ...(clientCertificate ? { clientCertificate } : {}),
    ...(clientKey ? { clientKey } : {}),
    ...(token ? { token } : {}),
    ...(cluster['insecure-skip-tls-verify'] ? { insecureSkipTlsVerify: true } : {}),
    ...(cluster['tls-server-name'] ? { tlsServerName: cluster['tls-server-name'] } : {}),
  }
  return { options, namespace: context.namespace ?? 'default' }
}

function find<T extends Named>(path: string, what: string, entries: readonly T[] = [], name = ''): T {
  const entry = entries.find((candidate) => candidate.name === name)
  if (!entry) throw new Error(`${path}: there is no ${what} named "${name}"`)
  return entry
}

function tokenOf({ token, tokenFile }: NamedUser['user'], folder: string): (() => string) | undefined {
  if (tokenFile) return () => readFileSync(resolve(folder, tokenFile), 'utf8').trim()
  return token ? () => token : undefined
}
