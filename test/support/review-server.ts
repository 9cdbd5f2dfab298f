import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { stringify } from 'yaml'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import { systemClock } from '../../src/platform/clock.ts'

export interface Review {
  readonly kind: string
  readonly apiVersion: string
  readonly spec: Readonly<Record<string, unknown>>
}

/** A webhook over HTTPS that is asked whose a token is, or who may do what. */
export interface ReviewServer {
  /** The kubeconfig that says where it is, in the folder given. */
  readonly kubeconfigPath: string
  /** All it has been asked, in order. */
  readonly seen: Review[]
  stop(): Promise<void>
}

/** Answers each review with the status that `decide` gives; one that gives none is a 503. */
export async function startReviewServer(
  folder: string,
  decide: (review: Review) => object | undefined,
): Promise<ReviewServer> {
  const authority = await CertificateAuthority.create('review-ca', systemClock)
  const { certificate, key } = await authority.issue({ commonName: 'reviews', names: ['localhost'], usage: 'server' })
  const seen: Review[] = []
  const server = https.createServer({ cert: certificate, key }, async (request, response) => {
    const review = (await json(request)) as Review
    seen.push(review)
    const status = decide(review)
    response.writeHead(status ? 200 : 503, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...review, status }))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const port = (server.address() as AddressInfo).port
  const kubeconfigPath = join(folder, `reviews-${port}.kubeconfig`)
  const certificateAuthority = Buffer.from(authority.pair.certificate).toString('base64')
  writeFileSync(kubeconfigPath, kubeconfig(`https://localhost:${port}/review`, certificateAuthority))
  return {
    kubeconfigPath,
    seen,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function kubeconfig(server: string, certificateAuthority: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'it', cluster: { server, 'certificate-authority-data': certificateAuthority } }],
    users: [{ name: 'it', user: {} }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
    'current-context': 'it',
  })
}
