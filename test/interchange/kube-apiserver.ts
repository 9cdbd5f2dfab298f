import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createHttpTransport } from '../../src/client/http-transport.ts'
import type { Transport } from '../../src/client/transport.ts'
import { type ClusterCertificates, clusterCertificates } from '../../src/cluster/cluster-certificates.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { freePort } from '../support/cluster-process.ts'
import { BackgroundProgram, until } from '../support/processes.ts'

/** Where upstream's programs are: `KUBERNETES_BINARIES=folder`, and for the API server alone `KUBE_APISERVER=path`. */
export function upstreamProgram(name: string): string | undefined {
  const folder = process.env.KUBERNETES_BINARIES
  const path = name === 'kube-apiserver' ? process.env.KUBE_APISERVER : undefined
  return path ?? (folder && join(folder, name))
}

/** Why a test that needs these programs of upstream is skipped; undefined: it runs. */
export function upstreamSkipReason(...names: readonly string[]): string | undefined {
  const missing = names.find((name) => !existsSync(upstreamProgram(name) ?? ''))
  return missing && `${missing} is not at hand: name upstream's v1.36 binaries with KUBERNETES_BINARIES=folder`
}

export const serviceCidr = '10.96.0.0/16'

export interface KubeApiserverOptions {
  /** `host:port` of etcd. */
  readonly etcd: string
  /** The folder of kubets' certificates, made if it is not there: both servers trust the same clients. */
  readonly pki: string
  readonly flags?: readonly string[]
}

export interface KubeApiserver {
  readonly url: string
  /** As the operator of `pki`. */
  readonly transport: Transport
  readonly certificates: ClusterCertificates
  stop(): Promise<void>
}

/** Starts upstream's API server over an etcd; resolves when it says that it is ready. */
export async function startKubeApiserver({ etcd, pki, flags = [] }: KubeApiserverOptions): Promise<KubeApiserver> {
  const names = { clusterDomain: 'cluster.local', serviceAddress: '10.96.0.1', advertiseAddress: '127.0.0.1' }
  const certificates = await clusterCertificates({ directory: pki, clock: systemClock, names })
  const port = await freePort()
  const url = `https://127.0.0.1:${port}`
  const file = (name: string) => join(pki, name)
  const program = new BackgroundProgram(upstreamProgram('kube-apiserver')!, [
    ...['--etcd-servers', `http://${etcd}`, '--bind-address', '127.0.0.1', '--secure-port', String(port)],
    ...['--client-ca-file', file('ca.crt'), '--authorization-mode', 'Node,RBAC', '--allow-privileged'],
    ...['--tls-cert-file', file('apiserver.crt'), '--tls-private-key-file', file('apiserver.key')],
    ...['--kubelet-client-certificate', file('apiserver-kubelet-client.crt')],
    ...['--kubelet-client-key', file('apiserver-kubelet-client.key')],
    ...['--kubelet-preferred-address-types', 'InternalIP'],
    ...['--requestheader-client-ca-file', file('front-proxy-ca.crt')],
    ...['--requestheader-username-headers', 'X-Remote-User', '--requestheader-group-headers', 'X-Remote-Group'],
    ...['--proxy-client-cert-file', file('front-proxy-client.crt')],
    ...['--proxy-client-key-file', file('front-proxy-client.key')],
    ...['--service-account-key-file', file('sa.pub'), '--service-account-signing-key-file', file('sa.key')],
    ...['--service-account-issuer', 'https://kubernetes.default.svc.cluster.local'],
    ...['--service-cluster-ip-range', serviceCidr, '--enable-admission-plugins', 'NodeRestriction'],
    ...flags,
  ])
  const transport = createHttpTransport({
    url,
    certificateAuthority: certificates.authority.pair.certificate,
    clientCertificate: certificates.admin.certificate,
    clientKey: certificates.admin.key,
  })
  const stop = async () => {
    await transport.close?.()
    await program.stop('SIGKILL')
  }
  try {
    await until('kube-apiserver is ready', () => isReady(transport, program), { describe: () => program.printed })
  } catch (error) {
    await stop()
    throw error
  }
  return { url, transport, certificates, stop }
}

async function isReady(transport: Transport, { child, printed }: BackgroundProgram): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`kube-apiserver ended with ${child.exitCode}:\n${printed}`)
  try {
    return (await transport.request({ method: 'GET', path: '/readyz' })).status === 200
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' || String(error).includes('ECONNREFUSED')) return false
    throw error
  }
}
