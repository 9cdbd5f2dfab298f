import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../platform/clock.ts'
import { readFileIfThere, writeFileAtomically } from '../platform/files.ts'
import {
  CertificateAuthority,
  type CertificateRequest,
  generateSigningKey,
  isFresh,
  type KeyPair,
} from './certificates.ts'

/** Everything the control plane signs and shows. PEM throughout. */
export interface ClusterCertificates {
  readonly authority: CertificateAuthority
  readonly frontProxyAuthority: CertificateAuthority
  readonly server: KeyPair
  readonly admin: KeyPair
  /** How the API server shows itself to kubelets. */
  readonly kubeletClient: KeyPair
  /** How the API server shows itself to aggregated servers. */
  readonly frontProxyClient: KeyPair
  readonly serviceAccountKey: { readonly privateKey: string; readonly publicKey: string }
}

export interface ServerNames {
  readonly clusterDomain: string
  /** The address of the Service `kubernetes`. */
  readonly serviceAddress: string
  readonly advertiseAddress: string
}

/**
 * Reads the cluster's certificates from `directory`, making what is missing and renewing what ends within three months
 * or lacks a name. Keys are 0600. Without a directory everything is new and stays in memory.
 */
export async function clusterCertificates({
  directory,
  clock,
  names,
}: {
  directory: string | undefined
  clock: Clock
  names: ServerNames
}): Promise<ClusterCertificates> {
  const keep = new PairFolder(directory, clock)
  const [authority, frontProxyAuthority, serviceAccountKey] = await Promise.all([
    keep.authority('ca', 'kubets-ca'),
    keep.authority('front-proxy-ca', 'kubets-front-proxy-ca'),
    keep.signingKey('sa'),
  ])
  const [server, admin, kubeletClient, frontProxyClient] = await Promise.all([
    keep.issued('apiserver', authority, { commonName: 'kube-apiserver', usage: 'server', names: serverNames(names) }),
    keep.issued('admin', authority, {
      commonName: 'kubernetes-admin',
      organizations: ['system:masters'],
      usage: 'client',
    }),
    keep.issued('apiserver-kubelet-client', authority, {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usage: 'client',
    }),
    keep.issued('front-proxy-client', frontProxyAuthority, { commonName: 'front-proxy-client', usage: 'client' }),
  ])
  return { authority, frontProxyAuthority, server, admin, kubeletClient, frontProxyClient, serviceAccountKey }
}

/** The names and addresses under which clients reach the API server. */
function serverNames({ clusterDomain, serviceAddress, advertiseAddress }: ServerNames): string[] {
  const local = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address }) => !address.startsWith('fe80'))
    .map(({ address }) => address)
  return [
    ...new Set([
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${clusterDomain}`,
      'localhost',
      hostname(),
      '127.0.0.1',
      '::1',
      serviceAddress,
      advertiseAddress,
      ...local,
    ]),
  ]
}

/** Key pairs in a folder, `name.crt` beside `name.key`; or nowhere, then each one is new. */
export class PairFolder {
  readonly #directory: string | undefined
  readonly #clock: Clock

  constructor(directory: string | undefined, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
  }

  async authority(name: string, commonName: string): Promise<CertificateAuthority> {
    const existing = this.#read(name)
    if (existing) return new CertificateAuthority(existing, this.#clock)
    const created = await CertificateAuthority.create(commonName, this.#clock)
    this.#write(name, created.pair)
    return created
  }

  async issued(name: string, authority: CertificateAuthority, request: CertificateRequest): Promise<KeyPair> {
    const existing = this.#read(name)
    if (existing && isFresh(existing.certificate, request.names ?? [], this.#clock.nowMs())) return existing
    const created = await authority.issue(request)
    this.#write(name, created)
    return created
  }

  async signingKey(name: string): Promise<{ privateKey: string; publicKey: string }> {
    const privateKey = this.#readFile(`${name}.key`)
    const publicKey = this.#readFile(`${name}.pub`)
    if (privateKey && publicKey) return { privateKey, publicKey }
    const created = await generateSigningKey()
    this.#writeFile(`${name}.pub`, created.publicKey)
    this.#writeFile(`${name}.key`, created.privateKey)
    return created
  }

  #read(name: string): KeyPair | undefined {
    const certificate = this.#readFile(`${name}.crt`)
    const key = this.#readFile(`${name}.key`)
    return certificate && key ? { certificate, key } : undefined
  }

  #write(name: string, { certificate, key }: KeyPair): void {
    this.#writeFile(`${name}.key`, key)
    this.#writeFile(`${name}.crt`, certificate)
  }

  #readFile(file: string): string | undefined {
    return this.#directory === undefined ? undefined : readFileIfThere(join(this.#directory, file))
  }

  #writeFile(file: string, text: string): void {
    if (this.#directory !== undefined) writeFileAtomically(join(this.#directory, file), text)
  }
}
