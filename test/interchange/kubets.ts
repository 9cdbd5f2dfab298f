import { createHttpTransport } from '../../src/client/http-transport.ts'
import type { Transport } from '../../src/client/transport.ts'
import { type ControlPlane, startControlPlane } from '../../src/cluster/control-plane.ts'
import { type ClusterOptions, resolveOptions } from '../../src/cluster/options.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { silentLogger } from '../../src/platform/log.ts'
import { serviceCidr } from './kube-apiserver.ts'

export interface KubetsOptions extends Partial<ClusterOptions> {
  /** `host:port` of etcd, or the path of a database. */
  readonly etcd?: string
  readonly database?: string
  /** The folder of certificates, which a kube-apiserver may share. */
  readonly pki: string
}

/** Our control plane; the API server alone unless `components` says otherwise. */
export function startKubets({ etcd, database = '', pki, ...options }: KubetsOptions): Promise<ControlPlane> {
  return startControlPlane({
    options: resolveOptions({
      port: 0,
      bindAddress: '127.0.0.1',
      components: ['apiserver'],
      datastore: etcd === undefined ? 'sqlite' : `etcd://${etcd}`,
      serviceCidr,
      ...options,
    }),
    database,
    pkiDirectory: pki,
    advertiseAddress: '127.0.0.1',
    clock: systemClock,
    log: silentLogger,
  })
}

/** As the operator, by a connection: what every client gets. */
export function kubetsTransport({ url, certificates }: ControlPlane): Transport {
  return createHttpTransport({
    url,
    certificateAuthority: certificates.authority.pair.certificate,
    clientCertificate: certificates.admin.certificate,
    clientKey: certificates.admin.key,
  })
}
