import { parse } from 'yaml'
import { createHttpTransport } from '../../src/client/http-transport.ts'
import type { Transport } from '../../src/client/transport.ts'

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { server: string; 'certificate-authority-data': string } }]
  readonly users: readonly [{ readonly user: { 'client-certificate-data': string; 'client-key-data': string } }]
}

/** An HTTP connection by the text of a kubeconfig that holds a certificate, as those of clusters in a program do. */
export function kubeconfigTransport(kubeconfig: string): Transport {
  const { clusters, users } = parse(kubeconfig) as Kubeconfig
  const decode = (text: string) => Buffer.from(text, 'base64').toString()
  const [{ cluster }] = clusters
  const [{ user }] = users
  return createHttpTransport({
    url: cluster.server,
    certificateAuthority: decode(cluster['certificate-authority-data']),
    clientCertificate: decode(user['client-certificate-data']),
    clientKey: decode(user['client-key-data']),
  })
}
